import { ViewportPortal } from "@xyflow/react";
import { useMemo, useState } from "react";
import type { Point } from "../../graph/compose";
import type { Group } from "../../graph/document";
import { groupBox, orderedGroups } from "../../graph/groups";
import { cssColor } from "../../graph/nodeColors";
import { GROUP_MENU } from "../commands/menus";
import { useClient, useEditor, useKernel } from "../context";
import { useGroupDrag, useGroupResize } from "./useGroupDrag";

/** The frames behind the cards. */
export function GroupLayer() {
  const all = useKernel((state) => state.document.groups);
  const groups = useMemo(() => orderedGroups(all), [all]);
  /** Groups that are being dragged, and by how much. */
  const [moving, setMoving] = useState<{ ids: readonly string[]; by: Point } | null>(null);
  if (groups.length === 0) return null;
  return (
    <ViewportPortal>
      {groups.map(([id, group]) => (
        <Frame
          key={id}
          id={id}
          group={group}
          by={moving?.ids.includes(id) ? moving.by : null}
          onMove={(ids, by) => setMoving(ids === null ? null : { ids, by })}
        />
      ))}
    </ViewportPortal>
  );
}

interface Props {
  readonly id: string;
  readonly group: Group;
  readonly by: Point | null;
  readonly onMove: (ids: readonly string[] | null, by: Point) => void;
}

function Frame({ id, group, by, onMove }: Props) {
  const { client, actions, root } = useEditor();
  const renaming = useClient((state) => state.group?.id === id && state.group.renaming);
  const chosen = useClient((state) => state.group?.id === id);
  const resize = useGroupResize(id, group);
  const drag = useGroupDrag(id, group, onMove);
  const box = resize.box ?? groupBox(group);
  const css = cssColor(group.color);
  const title = typeof group.title === "string" ? group.title : "";
  const openMenu = (at: Point) => {
    const frame = root.getBoundingClientRect();
    client.setState({
      group: { id, renaming: false },
      menu: { at: { x: at.x - frame.left, y: at.y - frame.top }, items: GROUP_MENU },
      palette: null,
    });
  };
  return (
    <section
      className="nb-group"
      data-group-id={id}
      data-chosen={chosen}
      aria-label={`Group ${title || id}`}
      style={
        {
          transform: `translate(${box.x + (by?.x ?? 0)}px, ${box.y + (by?.y ?? 0)}px)`,
          width: box.width,
          height: box.height,
          ...(css && { "--nb-group": css }),
        } as React.CSSProperties
      }
    >
      {renaming ? (
        <TitleField id={id} title={title} />
      ) : (
        <button
          type="button"
          className="nb-group-title nodrag nopan"
          title="Drag to move the group and what lies in it. Double-click or F2 to rename"
          {...drag}
          onDoubleClick={() => client.setState({ group: { id, renaming: true } })}
          onContextMenu={(event) => {
            event.preventDefault();
            event.stopPropagation();
            openMenu({ x: event.clientX, y: event.clientY });
          }}
          onKeyDown={(event) => {
            const { left, bottom } = event.currentTarget.getBoundingClientRect();
            if (event.key === "F2") client.setState({ group: { id, renaming: true } });
            else if (event.key === "Delete" || event.key === "Backspace") actions.removeGroup(id);
            else if (event.key === "Enter") actions.selectGroup(id);
            else if (event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey))
              openMenu({ x: left, y: bottom });
            else return;
            event.preventDefault();
            event.stopPropagation();
          }}
        >
          {title || "Group"}
        </button>
      )}
      <div className="nb-group-grip nodrag nopan" data-testid="nb-group-grip" {...resize.handlers} />
    </section>
  );
}

function TitleField({ id, title }: { readonly id: string; readonly title: string }) {
  const { actions, client, root } = useEditor();
  const [text, setText] = useState(title);
  const commit = () => {
    if (client.getState().group?.renaming)
      actions.changeGroup(id, { title: text.trim() || "Group" }, "Rename the group");
    client.setState({ group: { id, renaming: false } });
  };
  return (
    <input
      ref={(field) => {
        if (field !== null && field.ownerDocument.activeElement !== field) field.focus({ preventScroll: true });
      }}
      className="nb-group-title nodrag nopan"
      aria-label="Title of the group"
      value={text}
      spellCheck={false}
      onFocus={(event) => event.target.select()}
      onChange={(event) => setText(event.target.value)}
      onBlur={commit}
      onKeyDown={(event) => {
        if (event.key === "Escape") client.setState({ group: { id, renaming: false } });
        else if (event.key === "Enter") commit();
        else return;
        event.preventDefault();
        event.stopPropagation();
        root.focus({ preventScroll: true });
      }}
    />
  );
}
