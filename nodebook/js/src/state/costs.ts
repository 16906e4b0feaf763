/** What nodes took, in an order that a person chose. */
import type { NodeState } from "../protocol";

export interface Cost {
  readonly id: string;
  readonly title: string;
  readonly state: NodeState;
  readonly seconds: number | null;
  readonly bytes: number | null;
}

export interface CostOrder {
  readonly by: "title" | "seconds" | "bytes";
  readonly up: boolean;
}

/** What is unknown comes last, whichever way. */
export function sortCosts(costs: readonly Cost[], { by, up }: CostOrder): Cost[] {
  const sign = up ? 1 : -1;
  return costs.toSorted((a, b) => {
    if (by === "title") return sign * a.title.localeCompare(b.title);
    const [one, other] = [a[by], b[by]];
    if (one === null || other === null) return Number(one === null) - Number(other === null);
    return sign * (one - other);
  });
}
