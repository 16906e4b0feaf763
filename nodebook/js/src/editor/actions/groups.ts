/** Frames behind the cards. */
import { count, type Point } from "../../graph/compose";
import type { Group } from "../../graph/document";
import { addGroupOp, changeGroupOps, frameAround, groupBox, inside, moveGroupOps } from "../../graph/groups";
import type { Box } from "../../graph/layout";
import { boxesOf } from "../../state/flow";
import type { Parts } from "./parts";
import { select } from "./selection";

export function groupActions({ kernel, client, session }: Parts) {
  const titleOf = (id: string) => kernel.getState().document.groups?.[id]?.title || "group";
  const cards = () => {
    const { nodes } = client.getState();
    const boxes = boxesOf(nodes);
    return nodes.map((node, index) => ({ id: node.id, selected: node.selected, box: boxes[index] as Box }));
  };

  return {
    /** Put a frame around the selected cards, and let its title be typed. Returns where it is. */
    addGroup(): Box | null {
      const chosen = cards().filter((card) => card.selected);
      if (chosen.length === 0) return null;
      const op = addGroupOp(
        kernel.getState().document,
        "Group",
        chosen.map((card) => card.box),
      );
      session.edit(`Group ${count(chosen.length, "node")}`, [op]);
      if (op.op !== "set_group" || op.group === null) return null;
      client.setState({ group: { id: op.id, renaming: true } });
      return groupBox(op.group);
    },

    moveGroup(id: string, groups: readonly string[], places: ReadonlyMap<string, Point>, by: Point): void {
      session.edit(`Move ${titleOf(id)}`, moveGroupOps(kernel.getState().document, groups, places, by));
    },

    changeGroup(id: string, members: Group, label: string): void {
      session.edit(label, changeGroupOps(kernel.getState().document, id, members));
    },

    /** Put the frame around what lies in it. */
    fitGroup(id: string): void {
      const group = kernel.getState().document.groups?.[id];
      if (group === undefined) return;
      const within = inside(groupBox(group), cards());
      if (within.length === 0) return;
      const frame = frameAround(within.map((card) => card.box));
      session.edit(`Fit ${titleOf(id)}`, changeGroupOps(kernel.getState().document, id, { ...frame }));
    },

    selectGroup(id: string): void {
      const group = kernel.getState().document.groups?.[id];
      if (group !== undefined) {
        select(
          client,
          inside(groupBox(group), cards()).map((card) => card.id),
        );
      }
    },

    /** Remove the frame. What lies in it stays. */
    removeGroup(id: string): void {
      session.edit(`Remove ${titleOf(id)}`, [{ op: "set_group", id, group: null }]);
      client.setState({ group: null });
    },
  };
}
