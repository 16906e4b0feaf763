/**
 * Documents, edits and messages, as `docs/design/document.md` and `docs/design/protocol.md` describe them.
 * Written from the Python types by `python -m tools.protocol`: change those.
 */

import type { VariableRef } from "./graph/variables";

/**
 * A literal of an input, or what stands for a variable of the notebook. 64-bit whole numbers are `bigint`, nan and
 * infinities are numbers; see sync/convert.ts.
 */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | VariableRef
  | readonly Value[]
  | { readonly [name: string]: Value };

/** A node graph. Members that are not named here are kept. */
export interface GraphDocument {
  /** The document version. */
  readonly nodebook: 1;
  readonly name?: string;
  /** Node id → node, in document order. */
  readonly nodes: Readonly<Record<string, GraphNode>>;
  /** What every editor of it remembers: "height" in pixels. */
  readonly view?: Readonly<Record<string, Value>>;
  /** Group id → frame behind nodes: title, color, x, y, width, height. */
  readonly groups?: Readonly<Record<string, Group>>;
  /** Subgraph id → definition; they may use each other. */
  readonly subgraphs?: Readonly<Record<string, Subgraph>>;
}

/** A frame behind nodes. Which are in it is found by where it stands when it is dragged. */
export interface Group {
  readonly title?: string;
  readonly color?: string;
  readonly x?: number;
  readonly y?: number;
  readonly width?: number;
  readonly height?: number;
  readonly [member: string]: Value | undefined;
}

export type Link = readonly [string, string];

export type Op =
  | AddNode
  | RemoveNode
  | SetValue
  | UnsetValue
  | SetLink
  | SetTitle
  | SetView
  | SetOrigin
  | SetMode
  | SetGroup
  | AddSubgraph
  | RemoveSubgraph
  | SetSubgraph
  | SetDocumentView;

/**
 * All node types, and which port types convert: from, to.
 *
 * `completions`: names of files that texts may hold, by the kind that their `complete` names.
 */
export interface Library {
  readonly revision: number;
  readonly types: Readonly<Record<string, NodeTypeInfo>>;
  readonly adapters: readonly (readonly [string, string])[];
  readonly completions?: Readonly<Record<string, readonly string[]>>;
}

export type Widget =
  | NumberWidget
  | TextWidget
  | ToggleWidget
  | ChoiceWidget
  | ColorWidget
  | CurveWidget
  | PictureWidget
  | FileWidget
  | FieldsWidget;

export type ToKernel =
  | Hello
  | Bye
  | EditCommand
  | UndoRedo
  | RunCommand
  | PlanCommand
  | Cancel
  | Break
  | Resume
  | AutoRunCommand
  | PreviewsCommand
  | QueueMove
  | QueueCancel
  | QueuePause
  | QueueClear
  | Restore
  | LogCommand
  | Upload
  | PaintMask
  | FullPicture
  | MorePictures
  | ListFiles
  | ListVariables
  | Unbind
  | Seen;

export type FromKernel =
  | Snapshot
  | Edited
  | Rejected
  | Status
  | QueueMessage
  | LibraryMessage
  | PlanMessage
  | LogMessage
  | Notice
  | PictureMessage
  | FullPictureMessage
  | DisplayMessage
  | BoundMessage
  | VariablesMessage;

export type RunState = "idle" | "queued" | "running" | "paused" | "done" | "failed" | "cancelled" | "abandoned";

export type NodeState =
  | "idle"
  | "queued"
  | "running"
  | "paused"
  | "cached"
  | "done"
  | "failed"
  | "skipped"
  | "blocked"
  | "cancelled";

export type NoticeLevel = "info" | "warning" | "error";

export type PictureKind = "preview" | "result";

export type PreviewMethod = "auto" | "latent2rgb" | "taesd" | "none";

export type PlanAction = "run" | "cached" | "blocked" | "if asked" | "muted" | "bypassed";

/** One node. Members that are not named here are kept. */
export interface GraphNode {
  /** Name of the node type; an unknown one is a placeholder. */
  readonly type: string;
  /** Only where it differs from the type's title. */
  readonly title?: string;
  /** Input name → literal. {"$float": "nan" | "inf" | "-inf"} is a number. */
  readonly values?: Readonly<Record<string, Value>>;
  /** Input name → [source node id, output name]. A link wins over a value. */
  readonly links?: Readonly<Record<string, Link>>;
  readonly view?: View;
  /** "mute": does not run; "bypass": passes its inputs on. Any other word is kept. */
  readonly mode?: string;
  /** Where code added the node: key, values and links as the code last gave them. */
  readonly origin?: Readonly<Record<string, Value>>;
}

/** A graph with inputs and outputs. Nodes of type "subgraph:<id>" are its instances. */
export interface Subgraph {
  readonly name?: string;
  readonly doc?: string;
  readonly inputs?: readonly BoundaryPort[];
  readonly outputs?: readonly BoundaryPort[];
  /** As outside; SubgraphInputs and SubgraphOutputs are its boundary. */
  readonly nodes: Readonly<Record<string, GraphNode>>;
  /** As outside. */
  readonly groups?: Readonly<Record<string, Group>>;
}

/** Add a node under an id that is free; `node` is its JSON. */
export interface AddNode {
  readonly op: "add_node";
  readonly id: string;
  readonly node: GraphNode;
  readonly graph?: string;
}

/** Remove a node and every link that starts at it. */
export interface RemoveNode {
  readonly op: "remove_node";
  readonly id: string;
  readonly graph?: string;
}

/** Give an input a literal. */
export interface SetValue {
  readonly op: "set_value";
  readonly node: string;
  readonly input: string;
  readonly value: Value;
  readonly graph?: string;
}

/** Take an input's literal away, so that its default counts. */
export interface UnsetValue {
  readonly op: "unset_value";
  readonly node: string;
  readonly input: string;
  readonly graph?: string;
}

/** Connect an input to `source` (id, output), or disconnect it with `null`. */
export interface SetLink {
  readonly op: "set_link";
  readonly node: string;
  readonly input: string;
  readonly source: Link | null;
  readonly graph?: string;
}

/** Name a node, or give it back its type's title with `null`. */
export interface SetTitle {
  readonly op: "set_title";
  readonly node: string;
  readonly title: string | null;
  readonly graph?: string;
}

/** Merge members into a node's view; a member of `null` goes. */
export interface SetView {
  readonly op: "set_view";
  readonly node: string;
  readonly view: Readonly<Record<string, Value>>;
  readonly graph?: string;
}

/** Record where code added the node and what code last gave it. */
export interface SetOrigin {
  readonly op: "set_origin";
  readonly node: string;
  readonly origin: Readonly<Record<string, Value>> | null;
  readonly graph?: string;
}

/** Mute or bypass a node, or let it run with `null`. */
export interface SetMode {
  readonly op: "set_mode";
  readonly node: string;
  readonly mode: string | null;
  readonly graph?: string;
}

/** Put a group under an id, in place of the one that is there, or take it away with `null`. */
export interface SetGroup {
  readonly op: "set_group";
  readonly id: string;
  readonly group: Group | null;
  readonly graph?: string;
}

/** Add a definition under an id that is free; `subgraph` is its JSON. */
export interface AddSubgraph {
  readonly op: "add_subgraph";
  readonly id: string;
  readonly subgraph: Subgraph;
}

/** Remove a definition. Its instances stay, and are problems. */
export interface RemoveSubgraph {
  readonly op: "remove_subgraph";
  readonly id: string;
}

/** Merge members into a definition, but for its nodes and groups; a member of `null` goes. */
export interface SetSubgraph {
  readonly op: "set_subgraph";
  readonly id: string;
  readonly members: Readonly<Record<string, Value>>;
}

/** Merge members into the document's view; a member of `null` goes. */
export interface SetDocumentView {
  readonly op: "set_document_view";
  readonly view: Readonly<Record<string, Value>>;
}

/** A node type. `origin`: builtin, notebook, or the package that defined it. */
export interface NodeTypeInfo {
  readonly name: string;
  readonly title: string;
  readonly category: string;
  readonly description?: string;
  readonly aliases?: readonly string[];
  readonly inputs: readonly InputInfo[];
  readonly outputs: readonly OutputInfo[];
  readonly is_output?: boolean;
  readonly origin?: string;
}

/**
 * A number that is typed and scrubbed, or has a slider. `step` is that of the arrows and of scrubbing.
 *
 * `seed`: it may change from run to run.
 */
export interface NumberWidget {
  readonly kind: "number";
  readonly min?: number | bigint | null;
  readonly max?: number | bigint | null;
  readonly step?: number | bigint | null;
  readonly integer?: boolean;
  readonly display?: "number" | "slider";
  readonly seed?: boolean;
}

/** A line of text, or several. `complete`: kinds of files whose names are offered while they are typed. */
export interface TextWidget {
  readonly kind: "text";
  readonly multiline?: boolean;
  readonly placeholder?: string | null;
  readonly complete?: readonly string[];
}

/** A switch, and the words beside it. */
export interface ToggleWidget {
  readonly kind: "toggle";
  readonly on?: string | null;
  readonly off?: string | null;
}

/** One of some values. `files`: they are names of this kind of file, which may have changed by now. */
export interface ChoiceWidget {
  readonly kind: "choice";
  readonly options: readonly (string | number)[];
  readonly files?: string;
}

/** A colour: `int` is 0xRRGGBB as a number, `hex` is "#rrggbb", with `alpha` "#rrggbbaa". */
export interface ColorWidget {
  readonly kind: "color";
  readonly format?: "int" | "hex";
  readonly alpha?: boolean;
}

/** A curve: points [x, y] from 0 to 1, x rising. */
export interface CurveWidget {
  readonly kind: "curve";
}

/** The name of a picture in the input folder; takes a dropped file. */
export interface PictureWidget {
  readonly kind: "picture";
  readonly options: readonly string[];
  readonly files?: string;
}

/** The name of a file in the input folder; takes a dropped one with a suffix of `accept`, any if that is empty. */
export interface FileWidget {
  readonly kind: "file";
  readonly options: readonly string[];
  readonly accept: readonly string[];
  readonly files?: string;
}

/** The fields of a data class or model, each with its own control; the literal is an object of those set. */
export interface FieldsWidget {
  readonly kind: "fields";
  readonly fields: readonly InputInfo[];
}

/** A view mounted or lost track. */
export interface Hello {
  readonly type: "hello";
  readonly client: string;
}

/** A view is taken off its page. */
export interface Bye {
  readonly type: "bye";
  readonly client: string;
}

/** Apply operations. They are parsed later, so that a bad one is answered with `rejected`. */
export interface EditCommand {
  readonly type: "edit";
  readonly client: string;
  readonly batch: number;
  readonly label: string;
  readonly ops: readonly Op[];
}

/** Take one step back, or do it again. */
export interface UndoRedo {
  readonly type: "undo" | "redo";
  readonly client: string;
}

/** Queue runs of `targets`; null: the whole graph. */
export interface RunCommand {
  readonly type: "run";
  readonly client: string;
  readonly targets?: readonly string[] | null;
  readonly count?: number;
  readonly priority?: number;
  readonly front?: boolean;
}

/** Say what a run of `targets` would do; null: of the whole graph. */
export interface PlanCommand {
  readonly type: "plan";
  readonly client: string;
  readonly targets?: readonly string[] | null;
}

/** Cancel the run and what this graph has queued; a second one, two seconds later, gives the run up. */
export interface Cancel {
  readonly type: "cancel";
  readonly client: string;
}

/** Let runs of this graph pause before a node, or pass it again. */
export interface Break {
  readonly type: "break";
  readonly client: string;
  readonly node: string;
  readonly on: boolean;
}

/** Let the paused run go on, with its inputs as cells have left them. */
export interface Resume {
  readonly type: "resume";
  readonly client: string;
}

/** Run the graph after edits, or no more. */
export interface AutoRunCommand {
  readonly type: "auto_run";
  readonly client: string;
  readonly on: boolean;
}

/** Show what samplers have so far in this way from now on, in all graphs; `size` of the longer side in pixels. */
export interface PreviewsCommand {
  readonly type: "previews";
  readonly client: string;
  readonly method: PreviewMethod;
  readonly size: number;
}

/** Put a waiting run, of any graph, at a position; 0 is the next. */
export interface QueueMove {
  readonly type: "queue_move";
  readonly client: string;
  readonly job: string;
  readonly position: number;
}

/** Cancel one run, of any graph. */
export interface QueueCancel {
  readonly type: "queue_cancel";
  readonly client: string;
  readonly job: string;
}

/** Start no further run, of any graph, or start them again. */
export interface QueuePause {
  readonly type: "queue_pause";
  readonly client: string;
  readonly on: boolean;
}

/** Cancel all runs that wait, of all graphs. */
export interface QueueClear {
  readonly type: "queue_clear";
  readonly client: string;
}

/** Make the graph as it was when one of its runs ran: one step of undo. */
export interface Restore {
  readonly type: "restore";
  readonly client: string;
  readonly job: string;
}

/** Say what nodes wrote: all lines that changed after `after`, 0 for all that are kept. */
export interface LogCommand {
  readonly type: "log";
  readonly client: string;
  readonly after?: number;
}

/** Store the one buffer in the input folder and set an input to its name. */
export interface Upload {
  readonly type: "upload";
  readonly client: string;
  readonly batch: number;
  readonly node: string;
  readonly input: string;
  readonly name: string;
  readonly graph?: string | null;
}

/**
 * Give the picture `name` the mask in the buffer, store it, and set an input to its new name.
 *
 * The buffer is a PNG whose brightness is the mask: white where it selects.
 */
export interface PaintMask {
  readonly type: "paint_mask";
  readonly client: string;
  readonly batch: number;
  readonly node: string;
  readonly input: string;
  readonly name: string;
  readonly graph?: string | null;
}

/** Send one picture of a node's result in full size, or the picture `file`; answered by `full_picture`. */
export interface FullPicture {
  readonly type: "full_picture";
  readonly client: string;
  readonly node: string;
  readonly index: number;
  readonly file?: string | null;
}

/** Send further pictures of a node's result, from `start` on, as the first were. */
export interface MorePictures {
  readonly type: "more_pictures";
  readonly client: string;
  readonly node: string;
  readonly start: number;
}

/** A view is about to offer files: tell the library again if the folders hold others by now. */
export interface ListFiles {
  readonly type: "list_files";
  readonly client: string;
}

/** Say which variables the notebook has, and which of them an input of the node at a path takes. */
export interface ListVariables {
  readonly type: "list_variables";
  readonly client: string;
  readonly node: string;
  readonly input: string;
}

/** Give an input of the node at a path a value again, what its variable holds. */
export interface Unbind {
  readonly type: "unbind";
  readonly client: string;
  readonly node: string;
  readonly input: string;
}

/** The view is done with a picture and with all before it. */
export interface Seen {
  readonly type: "seen";
  readonly client: string;
  readonly seq: number;
}

/** Everything but pictures; `to` names the view that asked, null on the trait. */
export interface Snapshot {
  readonly type: "snapshot";
  readonly to: string | null;
  readonly revision: number;
  readonly document: GraphDocument;
  readonly last_id: number;
  readonly history: History;
  readonly run: Run;
  readonly nodes: Readonly<Record<string, NodeStatus>>;
  readonly problems: readonly Problem[];
  readonly library: Library;
  readonly queue: Queue;
}

/**
 * A batch was applied. `client`, `batch`: whose it was, null for Python's.
 *
 * `problems`: those of the nodes that have others than were told last; an empty list: none any more.
 */
export interface Edited {
  readonly type: "edited";
  readonly revision: number;
  readonly client: string | null;
  readonly batch: number | null;
  readonly label: string;
  readonly ops: readonly Op[];
  readonly history: History;
  readonly problems: Readonly<Record<string, readonly Problem[]>>;
}

/** A view's batch was not applied. */
export interface Rejected {
  readonly type: "rejected";
  readonly client: string;
  readonly batch: number;
  readonly reason: string;
}

/** What changed of the run and of its nodes. */
export interface Status {
  readonly type: "status";
  readonly run?: Run;
  readonly nodes?: Readonly<Record<string, NodeStatus>>;
}

/** The queue changed. */
export interface QueueMessage {
  readonly type: "queue";
  readonly queue: Queue;
}

/** Node types were defined or redefined, or the files that they offer are others. */
export interface LibraryMessage {
  readonly type: "library";
  readonly library: Library;
  readonly problems: readonly Problem[];
}

/** What a run would do, to the view that asked: the first of `total` rows, and what the whole run will cost. */
export interface PlanMessage {
  readonly type: "plan";
  readonly to: string;
  readonly rows: readonly PlanRow[];
  readonly total: number;
  readonly seconds: number | null;
  readonly peak_bytes: number | null;
}

/** What nodes wrote, to the view that asked: the last lines. `upto`: what to ask on from. */
export interface LogMessage {
  readonly type: "log";
  readonly to: string;
  readonly lines: readonly LogLine[];
  readonly upto: number;
}

/** Something to say to a person at one view, or at all. */
export interface Notice {
  readonly type: "notice";
  readonly client: string | null;
  readonly level: NoticeLevel;
  readonly text: string;
}

/**
 * Says of a picture what its bytes, the one buffer, do not.
 *
 * `width` and `height` are those of the whole picture: the copy may be smaller. `count`: how many the batch has.
 */
export interface PictureMessage {
  readonly type: "picture";
  readonly node: string;
  readonly index: number;
  readonly count: number;
  readonly width: number;
  readonly height: number;
  readonly mime: string;
  readonly seq: number;
  readonly kind: PictureKind;
  readonly result: number;
}

/**
 * Answers `full_picture`, to one view, with the PNG as the buffer; without one `reason` says why.
 *
 * `name`: what a download may be called.
 */
export interface FullPictureMessage {
  readonly type: "full_picture";
  readonly to: string;
  readonly node: string;
  readonly index: number;
  readonly file: string | null;
  readonly width: number;
  readonly height: number;
  readonly name: string;
  readonly reason: string | null;
}

/** All that a node shows beside pictures and text; an empty list: nothing any more. Buffers: the files. */
export interface DisplayMessage {
  readonly type: "display";
  readonly node: string;
  readonly displays: readonly (TableDisplay | FigureDisplay | MediaDisplay | CompareDisplay | NoteDisplay)[];
}

/** All variables that the graph reads, and the problems of those nodes that have others than were told. */
export interface BoundMessage {
  readonly type: "bound";
  readonly variables: Readonly<Record<string, BoundVariable>>;
  readonly problems: Readonly<Record<string, readonly Problem[]>>;
}

/** Answers `list_variables`, to one view; those that fit come first. */
export interface VariablesMessage {
  readonly type: "variables";
  readonly to: string;
  readonly node: string;
  readonly input: string;
  readonly variables: readonly OfferedVariable[];
}

/** Where and how a node is shown. Never part of a fingerprint. */
export interface View {
  /** Pixels at zoom 1. */
  readonly x?: number;
  /** Pixels at zoom 1. */
  readonly y?: number;
  /** Pixels at zoom 1. */
  readonly width?: number;
  /** Pixels at zoom 1. */
  readonly height?: number;
  /** True: only the header is shown. */
  readonly collapsed?: boolean;
  /** The colour of the header. */
  readonly color?: string;
  readonly [member: string]: Value | undefined;
}

/** An input or output of a subgraph. Members that are not named here are kept. */
export interface BoundaryPort {
  readonly name: string;
  /** The port type that is shown; links are checked end to end. */
  readonly type?: string;
  /** Of an input: what instances without a value have. */
  readonly default?: Value;
  readonly [member: string]: Value | undefined;
}

/** One input of a node type. Without a default it needs a value or a link. */
export interface InputInfo {
  readonly name: string;
  readonly type: string;
  readonly required?: boolean;
  readonly default?: Value;
  readonly widget: Widget | null;
  readonly doc?: string;
}

/** One output of a node type. */
export interface OutputInfo {
  readonly name: string;
  readonly type: string;
  readonly doc?: string;
}

/** What undo and redo would do, by label. */
export interface History {
  readonly undo: string | null;
  readonly redo: string | null;
}

/** The graph's run: `finished` of `total` nodes. `left`: seconds that it will go on, where that is known. */
export interface Run {
  readonly id: string | null;
  readonly state: RunState;
  readonly total: number;
  readonly finished: number;
  readonly seconds: number | null;
  readonly left: number | null;
}

/**
 * How a node is doing. `progress` is value and maximum.
 *
 * `left`: seconds that it will go on running, where that is known. `bytes`: what its result weighs. `lines`: how
 * many it wrote (`log`), of which `warnings` are shown on the card. `stale`: what is shown of it is of an
 * earlier state of the graph: it would run.
 */
export interface NodeStatus {
  readonly state: NodeState;
  readonly progress: readonly [number, number] | null;
  readonly seconds: number | null;
  readonly error: NodeError | null;
  readonly text: string | null;
  readonly left: number | null;
  readonly bytes: number | null;
  readonly lines: number;
  readonly warnings: readonly string[];
  readonly stale: boolean;
}

/** Something wrong with the graph. */
export interface Problem {
  readonly node: string;
  readonly input: string | null;
  readonly code: string;
  readonly message: string;
}

/**
 * The session's queue: the first `pending` of all that are `waiting`, and the newest that have ended, last.
 *
 * `auto_run`: whether this graph runs after edits. `previews`: of the session. `breaks`: nodes that runs of this
 * graph pause at.
 */
export interface Queue {
  readonly pending: readonly QueuedRun[];
  readonly waiting: number;
  readonly running: readonly QueuedRun[];
  readonly recent: readonly EndedRun[];
  readonly paused: boolean;
  readonly auto_run: boolean;
  readonly breaks: readonly string[];
  readonly previews: Previews;
}

/** One node of a plan. `changes`: what differs from the last run, before and now. Costs are expected, if known. */
export interface PlanRow {
  readonly node: string;
  readonly title: string;
  readonly action: PlanAction;
  readonly reason: string;
  readonly changes: readonly (readonly [what: string, before: string | null, now: string | null])[];
  readonly seconds: number | null;
  readonly bytes: number | null;
}

/** A line that a node wrote, at `time` seconds since 1970. A line that is not whole yet comes again, longer. */
export interface LogLine {
  readonly id: number;
  readonly node: string;
  readonly run: string;
  readonly time: number;
  readonly level: string;
  readonly text: string;
}

/** The first rows of a table; `columns` are names and types. `name`: of which output it is. */
export interface TableDisplay {
  readonly kind: "table";
  readonly columns: readonly Link[];
  readonly rows: readonly (readonly (boolean | number | string | null)[])[];
  readonly total_rows: number;
  readonly total_columns: number;
  readonly buffer: null;
  readonly name?: string;
}

/** A plot; `buffer` is the index of its file among those of the message. */
export interface FigureDisplay {
  readonly kind: "figure";
  readonly mime: string;
  readonly width: number;
  readonly height: number;
  readonly buffer: number | null;
  readonly name?: string;
}

/** A sound or a film; `file` is its name. */
export interface MediaDisplay {
  readonly kind: "audio" | "video";
  readonly mime: string;
  readonly file: string;
  readonly buffer: number | null;
  readonly seconds?: number;
  readonly name?: string;
}

/** The node's pictures are so many pairs: first all left ones, then all right ones. */
export interface CompareDisplay {
  readonly kind: "compare";
  readonly pairs: number;
  readonly buffer: null;
}

/** Why something cannot be shown. */
export interface NoteDisplay {
  readonly kind: "note";
  readonly text: string;
  readonly buffer: null;
}

/** A variable of the notebook that an input of the graph reads: in a few words, what it held at the last look. */
export interface BoundVariable {
  readonly text: string;
  readonly missing: boolean;
}

/** A variable of the notebook. `fits`: its type is one that the input takes. */
export interface OfferedVariable {
  readonly name: string;
  readonly text: string;
  readonly fits: boolean;
}

/** Why a node failed. */
export interface NodeError {
  readonly message: string;
  readonly input: string | null;
  readonly kind: string;
  readonly traceback: string | null;
}

/**
 * A run that waits or runs, of `nodes` that were to run when it was queued.
 *
 * `graph`: its name, null for one that has none; `mine`: it is of the graph that the view shows.
 */
export interface QueuedRun {
  readonly id: string;
  readonly graph: string | null;
  readonly mine: boolean;
  readonly nodes: number;
  readonly state: "waiting" | "running" | "paused";
  readonly priority: number;
  readonly position: number;
}

/** A run that has ended, at `finished` seconds since 1970; `executed`, `cached`, `failed` count nodes. */
export interface EndedRun {
  readonly id: string;
  readonly graph: string | null;
  readonly mine: boolean;
  readonly state: string;
  readonly finished: number;
  readonly seconds: number;
  readonly executed: number;
  readonly cached: number;
  readonly failed: number;
}

/** How samplers show what they have so far; `size` of the longer side in pixels. */
export interface Previews {
  readonly method: PreviewMethod;
  readonly size: number;
}
