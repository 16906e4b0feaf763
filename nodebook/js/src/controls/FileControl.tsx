import { useRef } from "react";
import { useClient, useEditor } from "../editor/context";
import { UploadIcon } from "../editor/icons";
import { BrushIcon } from "../editor/mask/icons";
import { ChoiceField } from "./ChoiceControl";
import type { ControlProps, WidgetOf } from "./types";

/** A file of the input folder: choose one, or bring one by the button, by dropping it on the node or by pasting it. */
export function FileControl({ nodeId, input, widget, value, onCommit }: ControlProps<WidgetOf<"picture" | "file">>) {
  const { actions } = useEditor();
  const picker = useRef<HTMLInputElement>(null);
  const uploading = useClient((state) => state.uploading.has(`${nodeId}/${input.name}`));
  return (
    <div className="nb-picture-row">
      <ChoiceField input={input} options={widget.options} files={widget.files} value={value} onCommit={onCommit} />
      <button
        type="button"
        className="nb-icon-button nodrag"
        disabled={uploading}
        title={uploading ? "The file is on its way" : "Choose a file (or drop or paste one on the node)"}
        aria-label={`Choose a file for ${input.name}`}
        onClick={() => picker.current?.click()}
      >
        <UploadIcon />
      </button>
      {widget.kind === "picture" && (
        <button
          type="button"
          className="nb-icon-button nodrag"
          disabled={typeof value !== "string" || value === ""}
          title="Paint a mask on the picture"
          aria-label={`Paint a mask on ${input.name}`}
          onClick={() => actions.openMask(nodeId, input.name, String(value))}
        >
          <BrushIcon />
        </button>
      )}
      <input
        ref={picker}
        type="file"
        accept={widget.kind === "picture" ? "image/*" : widget.accept.join(",")}
        hidden
        aria-label={`File for ${input.name}`}
        onChange={(event) => {
          const file = event.target.files?.[0];
          if (file) void actions.upload(nodeId, input.name, file);
          event.target.value = "";
        }}
      />
    </div>
  );
}
