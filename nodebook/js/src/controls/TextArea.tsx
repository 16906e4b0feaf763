import { type KeyboardEvent, type RefObject, useRef, useState } from "react";
import { useEditor, useKernel } from "../editor/context";
import { Popup } from "../editor/Popup";
import { limitHeight, textHeightOf } from "../graph/heights";
import { HeightGrip } from "./HeightGrip";
import { describeInput, type WidgetOf } from "./types";
import { useCompletion } from "./useCompletion";
import { useWeights } from "./useWeights";

interface Props {
  readonly nodeId: string;
  readonly input: Parameters<typeof describeInput>[0];
  readonly widget: WidgetOf<"text">;
  readonly text: string;
  readonly placeholder: string;
  readonly onChange: (text: string) => void;
  readonly onBlur: () => void;
  readonly onKeyDown: (event: KeyboardEvent<HTMLTextAreaElement>) => void;
}

/** A text of several lines: as high as it was made, with weights (Ctrl-↑/↓) and names of files while they are typed. */
export function TextArea({ nodeId, input, widget, text, placeholder, onChange, onBlur, onKeyDown }: Props) {
  const { actions } = useEditor();
  const field = useRef<HTMLTextAreaElement>(null);
  const own = useKernel((state) => textHeightOf(state.document.nodes[nodeId], input.name));
  const [dragged, setDragged] = useState<number | null>(null);
  const completion = useCompletion(field, widget.complete);
  const onWeightKey = useWeights();
  const onKey = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (completion.onKeyDown(event) || onWeightKey(event)) event.preventDefault();
    else onKeyDown(event);
  };
  return (
    <div className="nb-field nb-field--area" title={describeInput(input)}>
      <span className="nb-label">{input.name}</span>
      <textarea
        ref={field}
        className="nb-textarea nodrag nowheel"
        style={{ height: dragged ?? own }}
        aria-label={input.name}
        {...completion.fieldProps}
        spellCheck={false}
        value={text}
        placeholder={placeholder}
        onChange={(event) => {
          onChange(event.target.value);
          completion.look();
        }}
        onSelect={completion.lookAgain}
        onBlur={() => {
          completion.close();
          onBlur();
        }}
        onKeyDown={onKey}
      />
      <HeightGrip
        label={`Height of ${input.name}`}
        field={field}
        height={dragged ?? own}
        onDrag={(height) => setDragged(limitHeight(height))}
        onEnd={(height) => {
          setDragged(null);
          actions.setTextHeight(nodeId, input.name, height === null ? null : limitHeight(height));
        }}
      />
      <Offers completion={completion} field={field} label={input.name} />
    </div>
  );
}

interface OffersProps {
  readonly completion: ReturnType<typeof useCompletion>;
  readonly field: RefObject<HTMLTextAreaElement | null>;
  readonly label: string;
}

/** What fits, under the text, which keeps the keyboard. */
function Offers({ completion, field, label }: OffersProps) {
  const { offer, active, listId, close, choose } = completion;
  if (offer === null) return null;
  return (
    <Popup anchor={field} onClose={close}>
      <div
        id={listId}
        className="nb-menu nb-menu-list nb-completion nowheel"
        role="listbox"
        aria-label={`Names for ${label}`}
      >
        {offer.options.map((option, index) => (
          // biome-ignore lint/a11y/useFocusableInteractive: the text keeps the focus
          // biome-ignore lint/a11y/useKeyWithClickEvents: keys are handled by the text
          <div
            key={option.name}
            id={`${listId}-${index}`}
            ref={(element) => {
              if (index === active) element?.scrollIntoView({ block: "nearest" });
            }}
            className="nb-option"
            role="option"
            aria-selected={index === active}
            data-active={index === active}
            title={option.name}
            onPointerDown={(event) => event.preventDefault()}
            onClick={() => choose(index)}
          >
            {option.name}
          </div>
        ))}
      </div>
    </Popup>
  );
}
