import { type RefObject, useId, useMemo, useRef } from "react";
import { Control } from "../../controls";
import { useTextDraft } from "../../controls/TextControl";
import { VariableControl } from "../../controls/VariableControl";
import { type GraphNode, own } from "../../graph/document";
import { type InputInfo, literalOf, NOTE_TYPE, type OutputInfo, portsOf, titleOf } from "../../graph/library";
import { followersOf } from "../../graph/order";
import { boundTo } from "../../graph/variables";
import { CARD_MENU } from "../commands/menus";
import { useEditor, useKernel, usePictures } from "../context";
import { reveal } from "../fit";
import { pickSource, pickTarget } from "../pickLinks";
import { LinkIcon } from "./icons";

const NONE: readonly string[] = [];

interface Props {
  readonly id: string;
  readonly node: GraphNode;
  readonly panelId: string;
  readonly head: RefObject<HTMLElement | null>;
}

/** What is in a node: its title, its inputs with the same controls as on the card, its outputs, and its menu. */
export function ListDetails({ id, node, panelId, head }: Props) {
  const library = useKernel((state) => state.library);
  const used = useKernel((state) => state.used.get(id) ?? NONE);
  const ports = useMemo(() => portsOf(library, node, used), [library, node, used]);
  const title = titleOf(library, node);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset brings a legend and a frame that cannot be styled away
    <div id={panelId} className="nb-list-details" role="group" aria-label={title}>
      <NameField id={id} title={title} />
      {ports.inputs.map((input) => (
        <InputLine key={input.name} id={id} node={node} input={input} readOnly={ports.unknown} />
      ))}
      {node.type !== NOTE_TYPE &&
        ports.outputs.map((output) => (
          <OutputLine key={output.name} id={id} output={output} readOnly={ports.unknown} />
        ))}
      <Buttons id={id} head={head} />
    </div>
  );
}

function NameField({ id, title }: { readonly id: string; readonly title: string }) {
  const { actions } = useEditor();
  const field = useId();
  const { draft, setDraft, commit, cancel } = useTextDraft(title, (text) => actions.rename(id, text));
  return (
    <div className="nb-list-line nb-list-name">
      <div className="nb-field">
        <label className="nb-label" htmlFor={field}>
          Title
        </label>
        <input
          id={field}
          className="nb-text"
          value={draft ?? title}
          spellCheck={false}
          onChange={(event) => setDraft(event.target.value)}
          onBlur={commit}
          onKeyDown={(event) => {
            if (event.key === "Enter") commit();
            else if (event.key === "Escape") cancel();
            else return;
            event.preventDefault();
          }}
        />
      </div>
    </div>
  );
}

interface InputProps {
  readonly id: string;
  readonly node: GraphNode;
  readonly input: InputInfo;
  readonly readOnly: boolean;
}

function InputLine({ id, node, input, readOnly }: InputProps) {
  const editor = useEditor();
  const link = own(node.links, input.name);
  const from = useKernel((state) => {
    const source = link && state.document.nodes[link[0]];
    return link && `${source ? titleOf(state.library, source) : `missing node ${link[0]}`}.${link[1]}`;
  });
  const variable = link === undefined && !readOnly ? boundTo(node, input.name) : null;
  const withControl = input.widget !== null && link === undefined && !readOnly;
  const words = from === undefined ? (input.required ? "not connected, required" : "not connected") : `← ${from}`;
  return (
    <div className="nb-list-line" data-list-input={input.name}>
      {variable !== null ? (
        <VariableControl nodeId={id} input={input} variable={variable} />
      ) : withControl && input.widget !== null ? (
        <Control
          nodeId={id}
          input={input}
          widget={input.widget}
          value={literalOf(node, input)}
          onCommit={(next) => editor.actions.setValue(id, input.name, next)}
          onReset={() => editor.actions.unsetValue(id, input.name)}
        />
      ) : (
        <span className="nb-list-port">
          {input.name} <span className="nb-muted">{words}</span>
        </span>
      )}
      {node.type !== NOTE_TYPE && (
        <button
          type="button"
          className="nb-icon-button"
          disabled={readOnly}
          aria-label={from === undefined ? `Connect ${input.name}` : `Change or disconnect ${input.name}, from ${from}`}
          title={from === undefined ? "Connect" : "Change or disconnect"}
          onClick={() => pickSource(editor, id, input.name)}
        >
          <LinkIcon />
        </button>
      )}
    </div>
  );
}

interface OutputProps {
  readonly id: string;
  readonly output: OutputInfo;
  readonly readOnly: boolean;
}

function OutputLine({ id, output, readOnly }: OutputProps) {
  const editor = useEditor();
  const fed = useKernel((state) =>
    followersOf(state.document, id, output.name)
      .map(({ node, input }) => {
        const target = state.document.nodes[node];
        return `${target ? titleOf(state.library, target) : node}.${input}`;
      })
      .join(", "),
  );
  return (
    <div className="nb-list-line" data-list-output={output.name}>
      <span className="nb-list-port">
        {output.name} <span className="nb-muted">{fed === "" ? "output, not connected" : `→ ${fed}`}</span>
      </span>
      <button
        type="button"
        className="nb-icon-button"
        disabled={readOnly}
        aria-label={`Connect output ${output.name}`}
        title="Connect"
        onClick={() => pickTarget(editor, id, output.name)}
      >
        <LinkIcon />
      </button>
    </div>
  );
}

function Buttons({ id, head }: { readonly id: string; readonly head: RefObject<HTMLElement | null> }) {
  const editor = useEditor();
  const { client, actions, root } = editor;
  const more = useRef<HTMLButtonElement>(null);
  const picture = usePictures((state) => state.byNode[id]?.frames.find((frame) => frame !== undefined));
  const openMenu = () => {
    const box = more.current?.getBoundingClientRect();
    const frame = root.getBoundingClientRect();
    if (box === undefined) return;
    actions.select([id]);
    const at = { x: box.left - frame.left, y: box.bottom + 2 - frame.top };
    client.setState({ menu: { at, items: CARD_MENU, returnTo: head.current } });
  };
  const show = () => {
    actions.select([id]);
    reveal(editor, id);
    root.focus({ preventScroll: true });
  };
  return (
    <div className="nb-list-line nb-list-buttons">
      <button type="button" className="nb-button" onClick={show}>
        Show on the canvas
      </button>
      {picture && (
        <button type="button" className="nb-button" onClick={() => client.setState({ enlarged: id })}>
          Show the picture, {picture.width} × {picture.height}
        </button>
      )}
      <button ref={more} type="button" className="nb-button" aria-haspopup="menu" onClick={openMenu}>
        More…
      </button>
    </div>
  );
}
