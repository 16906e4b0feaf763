/*!
 * The lexer of marked, a Markdown parser. Copyright (c) 2018-2026 MarkedJS, 2011-2018 Christopher Jeffrey.
 * MIT license. https://github.com/markedjs/marked
 */
/**
 * Markdown as elements of the page. marked only takes the text apart; what is made of it is made here, element by element, so
 * there is no HTML that would have to be cleaned: tags in a note are shown as the text that they are.
 */
import { Lexer, type Token, type Tokens } from "marked";
import { Fragment, memo, type ReactNode } from "react";
import { decodeEntities, safeHref, safePicture } from "../../graph/safeLinks";

const OPTIONS = { gfm: true, breaks: true };
/** A card's title is a heading of the third level, as it were. */
const FIRST_HEADING = 3;
const LAST_HEADING = 6;

export const Markdown = memo(function Markdown({ text }: { readonly text: string }) {
  return <>{blocks(tokensOf(text))}</>;
});

/** A text that the parser chokes on is shown as it is. */
function tokensOf(text: string): readonly Token[] {
  try {
    return new Lexer(OPTIONS).lex(text);
  } catch {
    return [{ type: "text", raw: text, text }];
  }
}

function blocks(tokens: readonly Token[] = []): ReactNode {
  // biome-ignore lint/suspicious/noArrayIndexKey: a text is taken apart anew as a whole
  return tokens.map((token, index) => <Fragment key={index}>{block(token)}</Fragment>);
}

function block(token: Token): ReactNode {
  switch (token.type) {
    case "space":
      return null;
    case "heading":
      return <Heading token={token as Tokens.Heading} />;
    case "paragraph":
      return <p>{inline(token.tokens)}</p>;
    case "list":
      return <List token={token as Tokens.List} />;
    case "blockquote":
      return <blockquote>{blocks(token.tokens)}</blockquote>;
    case "code":
      return (
        <pre>
          <code>{token.text}</code>
        </pre>
      );
    case "hr":
      return <hr />;
    case "table":
      return <Table token={token as Tokens.Table} />;
    case "def":
      return null;
    case "html":
      return <p>{token.raw.trimEnd()}</p>;
    default:
      return inline([token]);
  }
}

function Heading({ token }: { readonly token: Tokens.Heading }) {
  const Tag = `h${Math.min(LAST_HEADING, FIRST_HEADING + token.depth)}` as "h4" | "h5" | "h6";
  return <Tag data-depth={token.depth}>{inline(token.tokens)}</Tag>;
}

function List({ token }: { readonly token: Tokens.List }) {
  const items = token.items.map((item, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: a text is taken apart anew as a whole
    <li key={index} data-task={item.task}>
      {blocks(item.tokens)}
    </li>
  ));
  return token.ordered ? <ol start={token.start === "" ? 1 : token.start}>{items}</ol> : <ul>{items}</ul>;
}

function Table({ token }: { readonly token: Tokens.Table }) {
  const row = (cells: readonly Tokens.TableCell[]) =>
    cells.map((cell, index) => {
      const Cell = cell.header ? "th" : "td";
      return (
        // biome-ignore lint/suspicious/noArrayIndexKey: a text is taken apart anew as a whole
        <Cell key={index} style={{ textAlign: cell.align ?? undefined }}>
          {inline(cell.tokens)}
        </Cell>
      );
    });
  return (
    <table>
      <thead>
        <tr>{row(token.header)}</tr>
      </thead>
      <tbody>
        {token.rows.map((cells, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a text is taken apart anew as a whole
          <tr key={index}>{row(cells)}</tr>
        ))}
      </tbody>
    </table>
  );
}

function inline(tokens: readonly Token[] = []): ReactNode {
  // biome-ignore lint/suspicious/noArrayIndexKey: a text is taken apart anew as a whole
  return tokens.map((token, index) => <Fragment key={index}>{inlineOne(token)}</Fragment>);
}

function inlineOne(token: Token): ReactNode {
  switch (token.type) {
    case "strong":
      return <strong>{inline(token.tokens)}</strong>;
    case "em":
      return <em>{inline(token.tokens)}</em>;
    case "del":
      return <del>{inline(token.tokens)}</del>;
    case "codespan":
      return <code>{token.text}</code>;
    case "br":
      return <br />;
    case "checkbox":
      return <span className="nb-task">{(token as Tokens.Checkbox).checked ? "☑ " : "☐ "}</span>;
    case "link":
      return <Link token={token as Tokens.Link} />;
    case "image":
      return <Picture token={token as Tokens.Image} />;
    case "escape":
      return token.text;
    case "text":
      return "tokens" in token && token.tokens ? inline(token.tokens) : decodeEntities(token.text);
    default:
      return token.raw;
  }
}

function Link({ token }: { readonly token: Tokens.Link }) {
  const href = safeHref(token.href);
  if (href === null) return <>{inline(token.tokens)}</>;
  return (
    <a className="nodrag" href={href} target="_blank" rel="noopener noreferrer" title={href}>
      {inline(token.tokens)}
    </a>
  );
}

/** A picture that is in the note; for one elsewhere a link to it, since fetching it would tell that the note was read. */
function Picture({ token }: { readonly token: Tokens.Image }) {
  const source = safePicture(token.href);
  if (source !== null) return <img src={source} alt={token.text} draggable={false} />;
  const href = safeHref(token.href);
  const words = token.text || "picture";
  if (href === null) return words;
  return (
    <a className="nodrag" href={href} target="_blank" rel="noopener noreferrer" title={href}>
      {words}
    </a>
  );
}
