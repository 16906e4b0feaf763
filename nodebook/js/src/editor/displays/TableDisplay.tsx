import type { Cell, TableData } from "../../state/displays";

/** The first rows of a table. It scrolls in both directions; the keyboard reaches it. */
export function TableDisplay({ table }: { readonly table: TableData }) {
  const { columns, rows, name } = table;
  return (
    <figure className="nb-display nodrag">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys */}
      <section className="nb-data nowheel" tabIndex={0} aria-label={name === undefined ? "Table" : `Table ${name}`}>
        <table>
          <thead>
            <tr>
              {columns.map(([column, type], at) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: a name may come twice
                <th key={at} scope="col" title={`${column}: ${type}`}>
                  {column}
                  <small>{type}</small>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, line) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: rows have nothing else
              <tr key={line}>
                {row.map((cell, at) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: nor have cells
                  <td key={at} data-number={typeof cell === "number"} data-none={cell === null} title={titleOf(cell)}>
                    {textOf(cell)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <figcaption className="nb-display-caption">
        {name !== undefined && `${name}: `}
        {sizeOf(table)}
      </figcaption>
    </figure>
  );
}

const DIGITS = 6;

function textOf(cell: Cell): string {
  if (cell === null) return "none";
  if (typeof cell === "number" && !Number.isInteger(cell)) return String(Number(cell.toPrecision(DIGITS)));
  return String(cell);
}

function titleOf(cell: Cell): string | undefined {
  return cell === null ? undefined : String(cell);
}

function sizeOf({ rows, columns, total_rows, total_columns }: TableData): string {
  const shownRows = rows.length < total_rows ? `first ${rows.length} of ` : "";
  const shownColumns = columns.length < total_columns ? `first ${columns.length} of ` : "";
  return `${shownRows}${total_rows} ${total_rows === 1 ? "row" : "rows"} × ${shownColumns}${total_columns} ${
    total_columns === 1 ? "column" : "columns"
  }`;
}
