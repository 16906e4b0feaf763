import { useMemo } from "react";
import { CARD_MENU, LINK_MENU, type MenuItems, PANE_MENU } from "./commands/menus";
import { useEditor } from "./context";

interface Place {
  readonly clientX: number;
  readonly clientY: number;
  readonly target: EventTarget | null;
  preventDefault(): void;
}

/** The input of a card on whose row a menu is opened. */
function inputAt(target: EventTarget | null): { node: string; input: string } | null {
  const row = target instanceof Element ? target.closest<HTMLElement>("[data-input]") : null;
  const card = row?.closest<HTMLElement>("[data-node-id]");
  const [node, input] = [card?.dataset.nodeId, row?.dataset.input];
  return node === undefined || input === undefined ? null : { node, input };
}

/** The second button's menus, of the canvas, of a card and of a wire. Text fields keep the browser's own. */
export function useMenus() {
  const { client, actions, root } = useEditor();
  return useMemo(() => {
    const open = (event: Place, items: MenuItems) => {
      if (event.target instanceof Element && event.target.matches("input, textarea")) return;
      event.preventDefault();
      const box = root.getBoundingClientRect();
      client.setState({
        menu: { at: { x: event.clientX - box.left, y: event.clientY - box.top }, items },
        menuInput: inputAt(event.target),
        palette: null,
      });
    };
    return {
      onPaneContextMenu: (event: Place) => open(event, PANE_MENU),
      onSelectionContextMenu: (event: Place) => open(event, CARD_MENU),
      onNodeContextMenu: (event: Place, { id, selected }: { id: string; selected?: boolean }) => {
        if (!selected) actions.select([id]);
        open(event, CARD_MENU);
      },
      onEdgeContextMenu: (event: Place, { id }: { id: string }) => {
        actions.select([]);
        client.setState((state) => ({
          edges: state.edges.map((edge) => (edge.id === id ? { ...edge, selected: true } : edge)),
        }));
        open(event, LINK_MENU);
      },
    };
  }, [client, actions, root]);
}
