/** The list of names under a text while one is typed: arrows move, Enter or Tab takes one, Esc closes it. */
import { type KeyboardEvent, type RefObject, useId, useState } from "react";
import { useEditor } from "../editor/context";
import { type Offer, offerAt } from "../graph/completion";
import { replaceText } from "./replaceText";

const NONE: readonly string[] = [];
const MOVES: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1 };

export function useCompletion(field: RefObject<HTMLTextAreaElement | null>, kinds: readonly string[] = NONE) {
  const { kernel, session } = useEditor();
  const [offer, setOffer] = useState<Offer | null>(null);
  const [active, setActive] = useState(0);
  const listId = useId();

  const find = (): Offer | null => {
    const text = field.current;
    if (text === null || kinds.length === 0 || text.selectionStart !== text.selectionEnd) return null;
    return offerAt(text.value, text.selectionStart, kinds, kernel.getState().library.completions ?? {});
  };
  const look = () => {
    const found = find();
    // The folders may hold others by now; those come with the next letter.
    if (found !== null && offer === null) session.listFiles();
    setOffer(found);
    setActive(0);
  };
  const close = () => setOffer(null);
  const choose = (index: number) => {
    const chosen = offer?.options[index];
    const text = field.current;
    if (offer === null || chosen === undefined || text === null) return;
    const end = offer.from + chosen.insert.length;
    replaceText(text, { from: offer.from, to: text.selectionStart, insert: chosen.insert, start: end, end });
    setOffer(null);
  };
  /** Whether the key was the list's. */
  const onKeyDown = (event: KeyboardEvent): boolean => {
    if (offer === null || event.ctrlKey || event.metaKey || event.altKey) return false;
    const move = MOVES[event.key];
    const count = offer.options.length;
    if (move !== undefined) setActive((active + move + count) % count);
    else if (event.key === "Enter" || event.key === "Tab") choose(active);
    else if (event.key === "Escape") close();
    else return false;
    return true;
  };
  return {
    offer,
    active,
    listId,
    look,
    /** The cursor moved: the list goes once nothing fits there. */
    lookAgain: () => offer !== null && find()?.from !== offer.from && close(),
    close,
    choose,
    onKeyDown,
    fieldProps:
      kinds.length === 0
        ? {}
        : ({
            "aria-autocomplete": "list",
            "aria-haspopup": "listbox",
            "aria-controls": offer === null ? undefined : listId,
            "aria-activedescendant": offer === null ? undefined : `${listId}-${active}`,
          } as const),
  };
}
