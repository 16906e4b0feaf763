import {
  applyEdgeChanges,
  applyNodeChanges,
  Background,
  BackgroundVariant,
  type EdgeChange,
  type NodeChange,
  ReactFlow,
  type ReactFlowInstance,
  SelectionMode,
  useStore,
} from "@xyflow/react";
import { type DragEvent, memo, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useStore as useStored } from "zustand";
import { colorOf } from "../graph/colors";
import type { FlowEdge, FlowNode } from "../state/flow";
import { remembered } from "../state/remembered";
import { prefixOf } from "../state/scope";
import { ConnectHint } from "./ConnectHint";
import { GRID } from "./commands/arrange";
import { useClient, useEditor, useKernel } from "./context";
import { nodeAt } from "./drawOverview";
import { useWireDrop } from "./find/useWireDrop";
import { FAR_ZOOM, fitView, NARROWEST_ZOOM, WIDEST_ZOOM } from "./fit";
import { Guides } from "./Guides";
import { GroupLayer } from "./groups/GroupLayer";
import { MANY_NODES } from "./MountGate";
import { NodeCard } from "./NodeCard";
import { NoteCard } from "./notes/NoteCard";
import { Overview } from "./Overview";
import { BoundaryCard } from "./subgraphs/BoundaryCard";
import { RerouteCard } from "./subgraphs/RerouteCard";
import { useWireDots } from "./subgraphs/useWireDots";
import { useConnect } from "./useConnect";
import { useGuides } from "./useGuides";
import { useMenus } from "./useMenus";

const NODE_TYPES = { card: NodeCard, note: NoteCard, boundary: BoundaryCard, reroute: RerouteCard };
const MULTI_SELECT_KEYS = ["Shift", "Meta", "Control"];
const NO_ATTRIBUTION = { hideAttribution: true };
const SNAP_RADIUS_PX = 24;
const SNAP_GRID: [number, number] = [GRID, GRID];
const NO_NODES: FlowNode[] = [];
const NO_EDGES: FlowEdge[] = [];

/** The graph itself. Keys are not its business (see guard.ts): all of React Flow's own are off. */
export const Canvas = memo(function Canvas() {
  const { client, session } = useEditor();
  const nodes = useClient((state) => state.nodes);
  const edges = useClient((state) => state.edges);
  const connect = useConnect();
  const far = useFar(nodes.length);
  const overviewClick = useOverviewClick();
  const wireType = useClient((state) => state.wire?.type);
  const drop = usePictureDrop();
  const menus = useMenus();
  const dots = useWireDots();
  const wireDrop = useWireDrop();
  const touch = useStored(remembered, (state) => state.touch);
  const onInit = useFirstFit();
  const level = useGuides();
  const snap = useClient((state) => state.preferences.snap);
  const changes = useMemo(
    () => ({
      onNodesChange: (changes: NodeChange<FlowNode>[]) => {
        const list = level(changes);
        client.setState((state) => ({ nodes: applyNodeChanges(list, [...state.nodes]) }));
      },
      onEdgesChange: (list: EdgeChange<FlowEdge>[]) =>
        client.setState((state) => ({ edges: applyEdgeChanges(list, [...state.edges]) })),
    }),
    [client, level],
  );
  return (
    <ReactFlow<FlowNode, FlowEdge>
      id={session.client}
      nodes={far ? NO_NODES : (nodes as FlowNode[])}
      edges={far ? NO_EDGES : (edges as FlowEdge[])}
      nodeTypes={NODE_TYPES}
      {...changes}
      {...connect}
      {...drop}
      onInit={onInit}
      {...menus}
      {...dots}
      onPaneClick={far ? overviewClick : undefined}
      {...wireDrop}
      onlyRenderVisibleElements={nodes.length > MANY_NODES}
      connectionLineStyle={wireType === undefined ? undefined : { stroke: colorOf(wireType) }}
      connectionRadius={SNAP_RADIUS_PX}
      connectOnClick={false}
      deleteKeyCode={null}
      disableKeyboardA11y
      edgesFocusable={false}
      elevateNodesOnSelect
      maxZoom={WIDEST_ZOOM}
      minZoom={NARROWEST_ZOOM}
      multiSelectionKeyCode={MULTI_SELECT_KEYS}
      nodesFocusable={false}
      panActivationKeyCode={null}
      proOptions={NO_ATTRIBUTION}
      reconnectRadius={6}
      selectionMode={touch ? SelectionMode.Partial : SelectionMode.Full}
      snapToGrid={snap}
      snapGrid={SNAP_GRID}
      zoomActivationKeyCode={null}
      zoomOnDoubleClick={false}
    >
      <Background variant={BackgroundVariant.Dots} gap={24} size={1} />
      <GroupLayer />
      {far && <Overview />}
      <Guides />
      <ConnectHint />
    </ReactFlow>
  );
});

/** Whether a large graph is so far away that its cards are drawn on one canvas instead. */
function useFar(count: number): boolean {
  const { client } = useEditor();
  const far = useClient((state) => state.far);
  const small = useStore((state) => state.transform[2] < FAR_ZOOM);
  const wasSmall = useRef(small);
  useEffect(() => {
    if (wasSmall.current !== small) client.setState({ far: small });
    wasSmall.current = small;
  }, [small, client]);
  return far && count > MANY_NODES;
}

/** From far away a click selects what is drawn there. */
function useOverviewClick() {
  const { client, actions, flow } = useEditor();
  return useCallback(
    (event: { clientX: number; clientY: number }) => {
      const at = flow.current?.screenToFlowPosition({ x: event.clientX, y: event.clientY });
      const id = at === undefined ? null : nodeAt(client.getState().nodes, at);
      actions.select(id === null ? [] : [id]);
    },
    [client, actions, flow],
  );
}

/** Show the whole graph when it first comes, and after a starter filled an empty one. Returns React Flow's `onInit`. */
function useFirstFit() {
  const editor = useEditor();
  const loaded = useKernel((state) => state.loaded);
  const empty = useClient((state) => state.nodes.length === 0);
  const [ready, setReady] = useState(false);
  useEffect(() => {
    if (!ready || !loaded || empty) return;
    // A cell that runs in a tab behind others has no size yet: its graph is fitted when it comes into sight.
    const sized = new ResizeObserver(() => fitView(editor) && sized.disconnect());
    const frame = requestAnimationFrame(() => {
      const left = editor.scope.viewports.get(prefixOf(editor.scope.store.getState().path));
      if (left !== undefined)
        void editor.flow.current?.setViewport(left).then(() => editor.client.setState({ far: false }));
      else if (!fitView(editor)) sized.observe(editor.root);
    });
    return () => {
      cancelAnimationFrame(frame);
      sized.disconnect();
    };
  }, [ready, loaded, empty, editor]);
  return useCallback(
    (instance: ReactFlowInstance<FlowNode, FlowEdge>) => {
      editor.flow.current = instance;
      setReady(true);
    },
    [editor],
  );
}

/** A picture file dropped on the canvas becomes a node that loads it. */
function usePictureDrop() {
  const { actions, flow } = useEditor();
  return useMemo(() => {
    const over = (event: DragEvent) => {
      if (event.dataTransfer.types.includes("Files")) event.preventDefault();
    };
    return {
      onDragOver: over,
      onDrop: (event: DragEvent) => {
        const file = event.dataTransfer.files[0];
        if (file === undefined) return;
        event.preventDefault();
        const place = { x: event.clientX, y: event.clientY };
        actions.addPicture(file, flow.current?.screenToFlowPosition(place) ?? place, false);
      },
    };
  }, [actions, flow]);
}
