import type { PointerEvent } from "react";
import type { NodeTypeInfo } from "../../graph/library";
import type { TreeRow } from "../../graph/tree";
import { ChevronIcon } from "../icons";
import { Dot } from "./Dot";
import { StarButton } from "./TypeAbout";

const INDENT_PX = 12;

interface Props {
  readonly row: TreeRow;
  readonly active: boolean;
  readonly onFocus: () => void;
  readonly onToggle: (path: string) => void;
  readonly onAdd: (type: NodeTypeInfo) => void;
  readonly onDrag: (event: PointerEvent, type: NodeTypeInfo) => void;
}

/** A category or a node type in the library's tree. Keys are handled by the tree. */
export function LibraryRow({ row, active, onFocus, onToggle, onAdd, onDrag }: Props) {
  const shared = {
    className: "nb-library-row",
    "aria-level": row.level,
    "data-key": row.key,
    "data-active": active,
    style: { paddingLeft: 8 + (row.level - 1) * INDENT_PX },
    onFocus,
  } as const;
  const tabIndex = active ? 0 : -1;
  if (row.kind === "category") {
    return (
      // biome-ignore lint/a11y/useKeyWithClickEvents: keys are handled by the tree
      <div
        {...shared}
        role="treeitem"
        tabIndex={tabIndex}
        aria-expanded={row.open}
        onClick={() => onToggle(row.category.path)}
      >
        <span className="nb-library-chevron" data-open={row.open}>
          <ChevronIcon />
        </span>
        <span className="nb-library-name">{row.category.title}</span>
        <span className="nb-muted">{row.category.count}</span>
      </div>
    );
  }
  const { type } = row;
  return (
    <div
      {...shared}
      role="treeitem"
      tabIndex={tabIndex}
      aria-selected={active}
      data-node-type={type.name}
      title="Drag onto the canvas or a wire; Enter or double-click adds"
      onPointerDown={(event) => onDrag(event, type)}
      onDoubleClick={() => onAdd(type)}
    >
      <Dot type={type.outputs[0]?.type ?? type.inputs.find((input) => input.widget === null)?.type ?? "*"} />
      <span className="nb-library-name">{type.title}</span>
      <StarButton type={type} />
    </div>
  );
}
