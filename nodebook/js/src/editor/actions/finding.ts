/** Nodes put into wires, between ports that do not fit, and in the place of others. */
import type { Point } from "../../graph/compose";
import { newNode } from "../../graph/compose";
import { type Conversion, conversionOps } from "../../graph/conversions";
import type { Op } from "../../graph/edits";
import { findInsertion, findInsertionOfNode, insertionOps } from "../../graph/insert";
import { estimateSize, freePlace, HEADER_HEIGHT } from "../../graph/layout";
import { findType, type NodeTypeInfo, portsOf } from "../../graph/library";
import type { Connection } from "../../graph/ports";
import { replaceOps } from "../../graph/replace";
import { boxesOf } from "../../state/flow";
import { remembered } from "../../state/remembered";
import { nameOf, type Parts } from "./parts";
import { select } from "./selection";

export function findingActions({ kernel, client, session }: Parts) {
  const name = (id: string) => nameOf(kernel, id);

  /** A free place for a new card, near the middle between two. */
  const between = (type: NodeTypeInfo, one: string, other: string, near: Point): Point => {
    const nodes = client.getState().nodes.filter(({ id }) => id === one || id === other);
    const draft = newNode(type, near);
    const size = estimateSize(draft, portsOf(kernel.getState().library, draft, []));
    const centres = boxesOf(nodes).map((box) => ({ x: box.x + box.width / 2, y: box.y }));
    const middle = {
      x: centres.reduce((sum, at) => sum + at.x, 0) / (centres.length || 1) - size.width / 2,
      y: centres.reduce((sum, at) => sum + at.y, 0) / (centres.length || 1),
    };
    return freePlace(boxesOf(client.getState().nodes), centres.length > 0 ? middle : near, size);
  };

  return {
    /** Put a converting node between two ports, as one step. Returns its id. */
    convert(link: Connection, conversion: Conversion, near: Point): string {
      const { type } = conversion;
      const [id] = session.newIds(1) as [string];
      const at = between(type, link.source, link.target, near);
      session.edit(`Insert ${type.title} before ${name(link.target)}`, conversionOps(link, conversion, id, at));
      remembered.used(type.name);
      select(client, [id]);
      return id;
    },

    /** Add a node near a place, where it covers no card, and lead a wire through it. Null where the type does not fit in there. */
    addInto(wire: Connection, typeName: string, at: Point): string | null {
      const { document, library } = kernel.getState();
      const type = findType(library, typeName);
      const insertion = type && findInsertion(document, library, wire, type);
      if (type === undefined || !insertion) return null;
      const [id] = session.newIds(1) as [string];
      const draft = newNode(type, at);
      const size = estimateSize(draft, portsOf(library, draft, []));
      const corner = { x: at.x - size.width / 2, y: at.y - HEADER_HEIGHT };
      const place = freePlace(boxesOf(client.getState().nodes), corner, size);
      session.edit(`Insert ${type.title} before ${name(wire.target)}`, [
        { op: "add_node", id, node: newNode(type, place) },
        ...insertionOps(wire, id, insertion),
      ]);
      remembered.used(typeName);
      select(client, [id]);
      return id;
    },

    /** What leads a wire through a node of the graph; nothing where it does not fit in there. */
    insertEdit(wire: Connection, id: string): { label: string; ops: Op[] } | undefined {
      const { document, library } = kernel.getState();
      const insertion = findInsertionOfNode(document, library, wire, id);
      if (insertion === null) return undefined;
      return {
        label: `Insert ${name(id)} before ${name(wire.target)}`,
        ops: insertionOps(wire, id, insertion),
      };
    },

    /** Replace a node by one of another type. Its links stay, and the values that the new one takes. */
    replace(id: string, typeName: string): void {
      const { document, library } = kernel.getState();
      const ops = replaceOps(document, library, id, typeName);
      if (ops === null) return;
      session.edit(`Replace ${name(id)} by ${findType(library, typeName)?.title ?? typeName}`, ops);
      remembered.used(typeName);
      select(client, [id]);
    },
  };
}
