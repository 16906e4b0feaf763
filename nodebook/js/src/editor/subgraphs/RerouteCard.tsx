import type { NodeProps } from "@xyflow/react";
import { memo } from "react";
import { colorOf } from "../../graph/colors";
import { own } from "../../graph/document";
import { outputTypeOf, REROUTE_INPUT, REROUTE_OUTPUT } from "../../graph/reroutes";
import type { FlowNode } from "../../state/flow";
import { useKernel } from "../context";
import { Port } from "../Port";

/** A dot that a wire goes through: in at its left, out at its right, moved by its middle. */
export const RerouteCard = memo(
  function RerouteCard({ id, selected }: NodeProps<FlowNode>) {
    const type = useKernel((state) => outputTypeOf(state.document, state.library, [id, REROUTE_OUTPUT]));
    const linked = useKernel((state) => own(state.document.nodes[id]?.links, REROUTE_INPUT) !== undefined);
    const used = useKernel((state) => (state.used.get(id)?.length ?? 0) > 0);
    const mode = useKernel((state) => state.document.nodes[id]?.mode);
    return (
      <article
        className="nb-reroute"
        data-node-id={id}
        data-type="Reroute"
        data-selected={selected}
        data-mode={mode}
        style={{ "--nb-port": colorOf(type) } as React.CSSProperties}
        aria-label="Dot on a wire"
      >
        <Port node={id} side="in" name={REROUTE_INPUT} type={type} linked={linked} />
        <Port node={id} side="out" name={REROUTE_OUTPUT} type={type} linked={used} />
      </article>
    );
  },
  (before, after) => before.id === after.id && before.selected === after.selected,
);
