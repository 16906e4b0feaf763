/** Everything a user can do to the graph, as one batch of operations each. */
import { bindCancelling } from "../../state/cancelling";
import { clipboardActions } from "./clipboard";
import { fileActions } from "./files";
import { findingActions } from "./finding";
import { groupActions } from "./groups";
import { linkActions } from "./links";
import { moveActions } from "./moves";
import { nodeActions } from "./nodes";
import type { Parts } from "./parts";
import { portActions } from "./ports";
import { seedActions } from "./seeds";
import { selectionActions } from "./selection";
import { subgraphActions } from "./subgraphs";
import { textActions } from "./texts";

export type Actions = ReturnType<typeof createActions>;

export function createActions(parts: Parts) {
  const onCancel = bindCancelling(parts.kernel, parts.client, parts.signal);
  return {
    ...selectionActions(parts),
    ...nodeActions(parts),
    ...linkActions(parts),
    ...findingActions(parts),
    ...clipboardActions(parts),
    ...moveActions(parts),
    ...portActions(parts),
    ...subgraphActions(parts),
    ...groupActions(parts),
    ...seedActions(parts),
    ...fileActions(parts),
    ...textActions(parts),

    cancel() {
      onCancel();
      parts.session.cancel();
    },
  };
}
