import { COMMANDS } from "./commands";
import { chordText } from "./commands/chords";
import { type Command, SECTIONS } from "./commands/types";
import { useClient, useEditor } from "./context";
import { Dialog } from "./Dialog";
import { CloseIcon } from "./icons";

/** What the pointer does, which no command says. */
const BY_POINTER: readonly (readonly [string, string])[] = [
  ["Double-click the canvas", "Find a node and put it there"],
  ["Drag from a port", "Connect; let go on the canvas to find what fits"],
  ["Drag a wire off an input", "Disconnect"],
  ["Drop a card on a wire", "Put the node into it"],
  ["Drop a wire on a port of another type", "Find a node that converts"],
  ["Shift-drag the canvas", "Select what is inside"],
  ["Ctrl-click a card", "Select it too"],
  ["Ctrl-wheel", "Zoom"],
];

/** What texts of several lines do with keys themselves. */
const WHILE_TYPING: readonly (readonly [string, string])[] = [
  ["Ctrl-↑, Ctrl-↓", "More or less weight for the word or what is selected"],
  ["Ctrl-Enter", "Send the text, and run"],
];

/** All keys, by section. */
export function HelpSheet() {
  const open = useClient((state) => state.helpOpen);
  return open ? <OpenSheet /> : null;
}

function OpenSheet() {
  const { client } = useEditor();
  const close = () => client.setState({ helpOpen: false });
  return (
    <Dialog label="Keys" className="nb-sheet" testId="nb-help" onClose={close}>
      <div className="nb-sheet-header">
        <h2>Keys</h2>
        <button type="button" className="nb-icon-button" aria-label="Close" onClick={close}>
          <CloseIcon />
        </button>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: without a focus it could not be scrolled by keys */}
      <section className="nb-sheet-sections" tabIndex={0} aria-label="Keys by what they are for">
        <div className="nb-sheet-columns">
          {SECTIONS.map((section) => (
            <Rows
              key={section}
              heading={section}
              rows={COMMANDS.filter((command) => command.section === section && command.keys?.length).map(
                (command) => [keysOf(command), command.title] as const,
              )}
            />
          ))}
          <Rows heading="In a text" rows={WHILE_TYPING} />
          <Rows heading="Pointer" rows={BY_POINTER} />
        </div>
      </section>
    </Dialog>
  );
}

function keysOf({ keys = [], keysText }: Command): string {
  return keysText ?? keys.map((chord) => chordText(chord)).join(" or ");
}

function Rows({ heading, rows }: { readonly heading: string; readonly rows: readonly (readonly [string, string])[] }) {
  return (
    <section>
      <h3>{heading}</h3>
      <dl>
        {rows.map(([keys, what]) => (
          <div key={keys} className="nb-sheet-row">
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
