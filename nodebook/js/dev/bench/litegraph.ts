/** The benchmark's rival: litegraph draws the same graph on a canvas. Used as its README and its types describe it. */
import { LGraph, LGraphCanvas, LGraphNode, LiteGraph } from "@comfyorg/litegraph";
import { CARD_PX, gridOf, METHODS, middleOf, nextFrame, painted, publish, ROW_PX, type Side } from "./page";

class Filter extends LGraphNode {
  constructor(title: string) {
    super(title);
    this.addInput("image", "IMAGE");
    this.addOutput("IMAGE", "IMAGE");
    this.addWidget("number", "width", 512, null, { min: 0, max: 16384, step2: 1, precision: 0 });
    this.addWidget("slider", "strength", 0.5, null, { min: 0, max: 1, step2: 0.01 });
    this.addWidget("combo", "method", METHODS[0] as string, null, { values: METHODS });
    this.addWidget("text", "label", "a label", null, {});
    this.size[0] = CARD_PX;
  }
}

LiteGraph.registerNodeType("bench/filter", Filter as unknown as typeof LGraphNode);

const TITLE_PX = 15;
/** As large as the editor's stage in this window. */
const STAGE = { width: 1406, height: 482 };

let graph: LGraph;
let view: LGraphCanvas;
let total = 0;

/** A document as litegraph saves it, made before the clock starts: ours comes from the kernel too. */
function documentOf(count: number) {
  const source = new LGraph();
  const nodes = gridOf(count).map(({ x, y }) => {
    const node = LiteGraph.createNode("bench/filter") as LGraphNode;
    node.title = "Filter";
    node.pos = [x, y];
    source.add(node);
    return node;
  });
  gridOf(count).forEach((each, index) => {
    if (each.source !== null) nodes[each.source]?.connect(0, nodes[index] as LGraphNode, 0);
  });
  return source.serialize();
}

const documents = new Map<number, ReturnType<typeof documentOf>>();

const side: Side = {
  prepare: (count) => void documents.set(count, documentOf(count)),
  async show(count) {
    total = count;
    const canvas = document.createElement("canvas");
    canvas.width = STAGE.width;
    canvas.height = STAGE.height;
    document.getElementById("cells")?.append(canvas);
    graph = new LGraph();
    view = new LGraphCanvas(canvas, graph);
    graph.configure(documents.get(count) ?? documentOf(count));
    await side.fit();
    await painted();
  },
  async comeNear() {
    const node = graph.nodes[middleOf(total)] as LGraphNode;
    view.ds.scale = 1;
    view.ds.offset = [STAGE.width / 2 - node.pos[0] - CARD_PX / 2, STAGE.height / 2 - node.pos[1] - ROW_PX / 4];
    view.setDirty(true, true);
    await nextFrame();
  },
  async fit() {
    const grid = gridOf(total);
    const width = Math.max(...grid.map((each) => each.x)) + CARD_PX;
    const height = Math.max(...grid.map((each) => each.y)) + ROW_PX;
    view.ds.fitToBounds([0, -TITLE_PX, width, height]);
    view.setDirty(true, true);
  },
  zoom: () => view.ds.scale,
  emptySpot() {
    const { x, y } = side.nodeSpot();
    return { x: x + (CARD_PX / 2 + 40) * view.ds.scale, y };
  },
  nodeSpot() {
    const node = graph.nodes[middleOf(total)] as LGraphNode;
    const [x, y] = view.ds.convertOffsetToCanvas([node.pos[0] + CARD_PX / 2, node.pos[1] - TITLE_PX]) as [
      number,
      number,
    ];
    const box = view.canvas.getBoundingClientRect();
    return { x: box.x + x, y: box.y + y };
  },
};

publish(side);
