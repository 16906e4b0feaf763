/** Subgraphs, groups and dots on wires. */
import { hexOf, parseHex } from "../../graph/hex";
import { cssColor, NODE_COLORS } from "../../graph/nodeColors";
import { unusedSubgraphs } from "../../graph/subgraphs";
import { selectedIds } from "../../state/client";
import { portName } from "../../state/flow";
import { openPicker } from "../../state/picker";
import { isInstance } from "../actions/subgraphs";
import type { EditorContextValue } from "../context";
import { revealBox } from "../fit";
import { EnterIcon, GroupIcon, SubgraphIcon } from "../subgraphs/icons";
import { enter, leaveTo } from "../subgraphs/scope";
import type { Command } from "./types";

const hasSelection = ({ client }: EditorContextValue) => client.getState().nodes.some((node) => node.selected);
const chosenGroup = ({ client, kernel }: EditorContextValue) => {
  const id = client.getState().group?.id;
  return id !== undefined && kernel.getState().document.groups?.[id] !== undefined ? id : undefined;
};
const hasGroup = (editor: EditorContextValue) => chosenGroup(editor) !== undefined;

/** The selected instance, where one node is selected. */
function selectedInstance({ client, kernel }: EditorContextValue): string | undefined {
  const [only, ...others] = selectedIds(client.getState());
  if (only === undefined || others.length > 0) return undefined;
  return isInstance(kernel.getState().document.nodes[only]?.type) ? only : undefined;
}

const hasInstance = ({ client, kernel }: EditorContextValue) =>
  selectedIds(client.getState()).some((id) => isInstance(kernel.getState().document.nodes[id]?.type));

export const ORGANISE_COMMANDS: readonly Command[] = [
  {
    id: "subgraph.make",
    title: "Make a subgraph of the selection",
    section: "Arrange",
    keys: ["Mod+Shift+G"],
    icon: SubgraphIcon,
    enabled: hasSelection,
    run: ({ actions }) => actions.makeSubgraph(),
  },
  {
    id: "subgraph.enter",
    title: "Open the subgraph",
    section: "Arrange",
    keys: ["E"],
    icon: EnterIcon,
    enabled: (editor) => selectedInstance(editor) !== undefined,
    run(editor) {
      const id = selectedInstance(editor);
      if (id !== undefined) enter(editor, id);
    },
  },
  {
    id: "subgraph.leave",
    title: "Go out of the subgraph",
    section: "Arrange",
    keys: ["Shift+E"],
    enabled: ({ scope }) => scope.store.getState().path.length > 0,
    run: (editor) => leaveTo(editor, editor.scope.store.getState().path.length - 1),
  },
  {
    id: "subgraph.unpack",
    title: "Unpack the subgraph",
    section: "Arrange",
    keys: ["Mod+Shift+U"],
    enabled: hasInstance,
    run: ({ actions }) => actions.unpack(),
  },
  {
    id: "subgraph.detach",
    title: "Give it a subgraph of its own",
    section: "Arrange",
    enabled: (editor) => selectedInstance(editor) !== undefined,
    run(editor) {
      const id = selectedInstance(editor);
      if (id !== undefined) editor.actions.detach(id);
    },
  },
  {
    id: "subgraph.clean",
    title: "Remove unused subgraphs",
    section: "Arrange",
    enabled: ({ scope }) => unusedSubgraphs(scope.whole.kernel.getState().document).length > 0,
    run: ({ actions }) => actions.removeUnused(),
  },
  {
    id: "subgraph.expose",
    title: "Make an input of the subgraph…",
    section: "Arrange",
    keys: ["X"],
    enabled: (editor) => exposable(editor).length > 0,
    run(editor) {
      const [node] = selectedIds(editor.client.getState());
      if (node === undefined) return;
      openPicker(editor.client, {
        title: "Which input shall the subgraph have?",
        options: exposable(editor).map(({ name, type }) => ({ id: name, title: name, detail: type })),
        empty: "Each input of this node is linked already.",
        onChoose(port) {
          const type = exposable(editor).find((input) => input.name === port)?.type ?? "*";
          editor.actions.expose("inputs", { node, port, type });
        },
      });
    },
  },
  {
    id: "group.make",
    title: "Group the selection",
    section: "Arrange",
    keys: ["Mod+G"],
    icon: GroupIcon,
    enabled: hasSelection,
    run: (editor) => revealBox(editor, editor.actions.addGroup()),
  },
  {
    id: "group.rename",
    title: "Rename the group",
    section: "Arrange",
    enabled: hasGroup,
    run: (editor) => {
      const id = chosenGroup(editor);
      if (id !== undefined) editor.client.setState({ group: { id, renaming: true } });
    },
  },
  { id: "group.color", title: "Colour of the group…", section: "Arrange", enabled: hasGroup, run: pickGroupColor },
  {
    id: "group.fit",
    title: "Fit the group around its nodes",
    section: "Arrange",
    enabled: hasGroup,
    run: (editor) => withGroup(editor, editor.actions.fitGroup),
  },
  {
    id: "group.select",
    title: "Select what lies in the group",
    section: "Select",
    enabled: hasGroup,
    run: (editor) => withGroup(editor, editor.actions.selectGroup),
  },
  {
    id: "group.remove",
    title: "Remove the group, keep its nodes",
    section: "Arrange",
    enabled: hasGroup,
    run: (editor) => withGroup(editor, editor.actions.removeGroup),
  },
  {
    id: "wire.dot",
    title: "Put a dot on the wire",
    section: "Arrange",
    enabled: ({ client }) => client.getState().edges.some((edge) => edge.selected),
    run: putDot,
  },
];

function exposable({ client, actions }: EditorContextValue) {
  const [only, ...others] = selectedIds(client.getState());
  return only === undefined || others.length > 0 ? [] : actions.exposable(only);
}

function withGroup(editor: EditorContextValue, run: (id: string) => void): void {
  const id = chosenGroup(editor);
  if (id !== undefined) run(id);
}

function pickGroupColor(editor: EditorContextValue): void {
  const id = chosenGroup(editor);
  if (id === undefined) return;
  const current = editor.kernel.getState().document.groups?.[id]?.color;
  openPicker(editor.client, {
    title: "Colour: choose one, or type #rrggbb",
    options: [
      { id: "none", title: "No colour", checked: current === undefined },
      ...NODE_COLORS.map((name) => ({
        id: name,
        title: name.charAt(0).toUpperCase() + name.slice(1),
        swatch: cssColor(name) as string,
        checked: current === name,
      })),
    ],
    empty: "",
    typed: (text) => (parseHex(text) === null ? null : { id: hexOf(text), title: hexOf(text), swatch: hexOf(text) }),
    onChoose: (color) =>
      editor.actions.changeGroup(id, { color: color === "none" ? undefined : color }, "Colour the group"),
  });
}

/** Put a dot in the middle of the selected wire. */
function putDot({ client, actions, root, flow }: EditorContextValue): void {
  const edge = client.getState().edges.find((one) => one.selected);
  const path = root.querySelector<SVGPathElement>(
    `.react-flow__edge[data-id="${CSS.escape(edge?.id ?? "")}"] .react-flow__edge-path`,
  );
  const matrix = path?.getScreenCTM();
  if (edge === undefined || !path || !matrix) return;
  const middle = path.getPointAtLength(path.getTotalLength() / 2).matrixTransform(matrix);
  const at = flow.current?.screenToFlowPosition({ x: middle.x, y: middle.y }) ?? middle;
  actions.addReroute(wireOf(edge), at);
}

export function wireOf(edge: {
  source: string;
  target: string;
  sourceHandle?: string | null;
  targetHandle?: string | null;
}) {
  return {
    source: edge.source,
    output: portName(edge.sourceHandle ?? ""),
    target: edge.target,
    input: portName(edge.targetHandle ?? ""),
  };
}
