/** Client-only state: what is selected, open or being dragged in this one view. Never sent to the kernel. */
import { createStore, type StoreApi } from "zustand/vanilla";
import type { Guide } from "../graph/arrange";
import type { Point } from "../graph/compose";
import type { WireEnd } from "../graph/fitting";
import type { Connection } from "../graph/ports";
import type { NoticeLevel } from "../protocol";
import type { FlowEdge, FlowNode } from "./flow";
import type { PickerState } from "./picker";
import { loadPreferences, type Preferences } from "./preferences";

/** A port from which a wire is being pulled. */
export type WireStart = WireEnd;

export interface PaletteState {
  /** Pixels from the editor's corner. */
  readonly at: Point;
  /** Where the new node goes, in graph coordinates. */
  readonly place: Point;
  /** Nobody pointed there: a free place near it will do. */
  readonly anywhere: boolean;
  /** The new node is connected here, and only types that fit are offered. */
  readonly wire: WireStart | null;
  /** What stands in the field at first. */
  readonly query?: string;
  /** The node that what is chosen takes the place of. */
  readonly replace?: string;
  /** The two ports, of types that do not fit, that what is chosen is put between. */
  readonly convert?: Connection;
}

/** Ids of commands and menus inside the menu, in parts with a line between them. */
export type MenuItems = readonly (readonly (string | SubMenu)[])[];

export interface SubMenu {
  readonly title: string;
  readonly items: MenuItems;
}

/** A menu of commands, open at a place. */
export interface MenuState {
  /** Pixels from the editor's corner. */
  readonly at: Point;
  readonly items: MenuItems;
  /** What gets the keyboard back; left out: the canvas. */
  readonly returnTo?: HTMLElement | null;
}

/** A node's input, and the picture of the input folder that it names. */
export interface MaskPlace {
  readonly node: string;
  readonly input: string;
  readonly name: string;
  /** Id of the subgraph that the node is in. */
  readonly graph?: string | undefined;
}

export interface Notice {
  readonly id: number;
  readonly level: NoticeLevel;
  readonly text: string;
}

export interface ClientState {
  readonly nodes: readonly FlowNode[];
  readonly edges: readonly FlowEdge[];
  /** Seen from far away. True until the first fit, so that a large graph never mounts all its cards. */
  readonly far: boolean;
  readonly palette: PaletteState | null;
  readonly menu: MenuState | null;
  /** The input on whose row the menu was opened. */
  readonly menuInput: { readonly node: string; readonly input: string } | null;
  readonly picker: PickerState | null;
  readonly preferences: Preferences;
  /** Lines on which the cards that are being dragged are level with others. */
  readonly guides: readonly Guide[];
  /** The last thing that screen readers were told; the number makes the same words twice two things. */
  readonly announced: { readonly number: number; readonly text: string };
  /** Id of the panel at the side. */
  readonly panel: string | null;
  readonly helpOpen: boolean;
  readonly wire: WireStart | null;
  /** The nodes that the wire being pulled can end at. */
  readonly fitting: ReadonlySet<string> | null;
  readonly notices: readonly Notice[];
  readonly renaming: string | null;
  /** The group that was last touched, and whether its title is being typed. */
  readonly group: { readonly id: string; readonly renaming: boolean } | null;
  /** Id of the note that is being written. */
  readonly editingNote: string | null;
  /** Node id whose picture is shown large. */
  readonly enlarged: string | null;
  /** Where a mask is being painted. */
  readonly masking: MaskPlace | null;
  /** Which picture of a batch a node shows. */
  readonly pictureIndex: Readonly<Record<string, number>>;
  /** Inputs whose file is on its way, as `node/input`. */
  readonly uploading: ReadonlySet<string>;
  /** Cancel was clicked, and the run still goes on. */
  readonly cancelling: boolean;
  /** Cancel was clicked a while ago, and a node does not react: a second Cancel gives the run up. */
  readonly stuck: boolean;
  /** How often to run is being asked. */
  readonly askingTimes: boolean;
  /** The node whose log is shown; null: all. */
  readonly logNode: string | null;
  /** Pictures of nodes that still work are not shown in this view. */
  readonly previewsPaused: boolean;
  /** The editor fills the screen, or at least the page. */
  readonly full: boolean;
}

export type ClientStore = StoreApi<ClientState>;

export function createClientStore(): ClientStore {
  return createStore<ClientState>(() => ({
    nodes: [],
    edges: [],
    far: true,
    palette: null,
    menu: null,
    menuInput: null,
    picker: null,
    preferences: loadPreferences(),
    guides: [],
    announced: { number: 0, text: "" },
    panel: null,
    helpOpen: false,
    wire: null,
    fitting: null,
    notices: [],
    renaming: null,
    group: null,
    editingNote: null,
    enlarged: null,
    masking: null,
    pictureIndex: {},
    uploading: new Set(),
    cancelling: false,
    stuck: false,
    askingTimes: false,
    logNode: null,
    previewsPaused: false,
    full: false,
  }));
}

const MOST_NOTICES = 4;
let lastNotice = 0;

/** Show a notice. The same text twice is one notice. */
export function pushNotice(store: ClientStore, level: NoticeLevel, text: string): void {
  lastNotice += 1;
  const notice = { id: lastNotice, level, text };
  store.setState((state) => ({
    notices: [...state.notices.filter((old) => old.text !== text), notice].slice(-MOST_NOTICES),
  }));
}

/** Say something to a screen reader that the page shows by looks alone. */
export function announce(store: ClientStore, text: string): void {
  store.setState((state) => ({ announced: { number: state.announced.number + 1, text } }));
}

export function dropNotice(store: ClientStore, id: number): void {
  store.setState((state) => ({ notices: state.notices.filter((notice) => notice.id !== id) }));
}

export function selectedIds(state: ClientState): string[] {
  return state.nodes.filter((node) => node.selected).map((node) => node.id);
}
