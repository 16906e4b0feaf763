import { pushNotice } from "../../state/client";
import type { EditorContextValue } from "../context";

export function openTab({ client }: EditorContextValue): void {
  pushNotice(client, "info", "To be found out.");
}
