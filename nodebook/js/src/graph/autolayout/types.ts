/** What the layout works on. Lengths in pixels at zoom 1. */
import type { Placed } from "../arrange";

/** A link with the heights of its ends within their cards. */
export interface LayoutLink {
  readonly source: string;
  readonly target: string;
  readonly sourceY: number;
  readonly targetY: number;
}

export interface LayoutGraph {
  /** In document order: where nothing else decides, that does. */
  readonly cards: readonly Placed[];
  readonly links: readonly LayoutLink[];
}

/** A card in its layer, or a bend: a place of a long link in a layer that it passes. */
export interface Vertex {
  /** Null for a bend. */
  readonly id: string | null;
  readonly width: number;
  readonly height: number;
  readonly layer: number;
  y: number;
}

/** Part of a link, between neighbouring layers. Vertices by index; heights within them. */
export interface Segment {
  readonly from: number;
  readonly to: number;
  readonly fromY: number;
  readonly toY: number;
}

export interface Layered {
  readonly vertices: Vertex[];
  readonly segments: Segment[];
  /** Indices of vertices, from top to bottom, by layer from left to right. */
  readonly layers: number[][];
}
