import { type KeyboardEvent, useRef, useState } from "react";
import type { MaskPlace } from "../../state/client";
import { useEditor } from "../context";
import { Dialog } from "../Dialog";
import { useZoom } from "../lightbox/useZoom";
import { MaskBar } from "./MaskBar";
import { MaskCanvas } from "./MaskCanvas";
import { drawSelection, encodeMask, type Painting } from "./pictures";
import { type MaskTool, useMaskEditor } from "./useMaskEditor";

interface Props {
  readonly place: MaskPlace;
  readonly painting: Painting;
  readonly onClose: () => void;
}

const TOOL_KEYS: Readonly<Record<string, MaskTool>> = { b: "brush", e: "eraser", g: "fill" };
const SIZE_FACTOR = 1.2;
/** A second Esc within this time throws the painted mask away. */
const SURE_MS = 3000;

export function MaskDesk({ place, painting, onClose }: Props) {
  const { actions } = useEditor();
  const { layer } = painting;
  const overlay = useRef<HTMLCanvasElement>(null);
  const editing = useMaskEditor(layer, (rect) => {
    if (overlay.current !== null) drawSelection(overlay.current, layer, rect);
  });
  const zoom = useZoom(layer, place.name);
  const [saving, setSaving] = useState(false);
  const [asked, setAsked] = useState(0);
  const close = () => {
    if (!editing.changed.current || Date.now() - asked < SURE_MS) return onClose();
    setAsked(Date.now());
  };
  const save = async () => {
    if (saving) return;
    if (!editing.changed.current) return onClose();
    setSaving(true);
    await actions.paintMask(place, await encodeMask(layer));
    onClose();
  };
  const onKey = (event: KeyboardEvent<HTMLElement>): boolean => {
    const tool = TOOL_KEYS[event.key];
    if (event.ctrlKey || event.metaKey) {
      const key = event.key.toLowerCase();
      if (key === "z") event.shiftKey ? editing.redo() : editing.undo();
      else if (key === "y") editing.redo();
      else if (key === "s" || key === "enter") void save();
      else return false;
    } else if ((event.target as Element).matches("input")) return false;
    else if (tool !== undefined) editing.setTool(tool);
    else if (event.key === "[") editing.setRadius(editing.radius / SIZE_FACTOR);
    else if (event.key === "]") editing.setRadius(editing.radius * SIZE_FACTOR + 1);
    else if (event.key === "i") editing.invert();
    else return !event.key.startsWith("Arrow") && zoom.onKey(event);
    return true;
  };
  return (
    <Dialog label={`Paint a mask on ${place.name}`} className="nb-mask" testId="nb-mask" onClose={close} onKey={onKey}>
      <MaskBar
        name={place.name}
        editing={editing}
        zoom={zoom}
        saving={saving}
        asked={asked > 0 && editing.changed.current}
        onSave={() => void save()}
        onClose={close}
      />
      <MaskCanvas painting={painting} editing={editing} zoom={zoom} overlay={overlay} />
    </Dialog>
  );
}
