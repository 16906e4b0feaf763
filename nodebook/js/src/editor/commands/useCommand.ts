import { useClient, useEditor, useKernel } from "../context";
import { commandLabel, commandOf, isEnabled } from ".";

/** A command as a button shows it; renders again when what it says or whether it can be done changes. */
export function useCommand(id: string) {
  const editor = useEditor();
  const command = commandOf(id);
  const look = () =>
    `${isEnabled(command, editor)}\n${command.checked?.(editor) ?? ""}\n${commandLabel(command, editor)}`;
  useKernel(look);
  useClient(look);
  return {
    command,
    label: commandLabel(command, editor),
    enabled: isEnabled(command, editor),
    checked: command.checked?.(editor),
    run: () => command.run(editor),
  };
}
