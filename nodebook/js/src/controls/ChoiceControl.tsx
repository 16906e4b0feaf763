import { useRef, useState } from "react";
import { useEditor } from "../editor/context";
import { ChevronIcon } from "../editor/icons";
import { Popup } from "../editor/Popup";
import { OptionList } from "./OptionList";
import { type ControlProps, describeInput, type WidgetOf } from "./types";

/** One of a list. A value that the list lacks is shown and kept. */
export function ChoiceControl({ input, widget, value, onCommit }: ControlProps<WidgetOf<"choice">>) {
  return <ChoiceField input={input} options={widget.options} files={widget.files} value={value} onCommit={onCommit} />;
}

type FieldProps = Pick<ControlProps, "input" | "value" | "onCommit"> & {
  readonly options: readonly (string | number)[];
  /** Of which kind the files are that the options name. */
  readonly files?: string | undefined;
};

export function ChoiceField({ input, options, files, value, onCommit }: FieldProps) {
  const { session } = useEditor();
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const show = () => {
    if (files !== undefined) session.listFiles();
    setOpen(true);
  };
  const close = () => {
    setOpen(false);
    button.current?.focus({ preventScroll: true });
  };
  const listed = options.some((option) => option === value);
  return (
    <>
      <button
        ref={button}
        type="button"
        className="nb-field nb-field--button nodrag"
        aria-haspopup="listbox"
        aria-expanded={open}
        title={describeInput(input)}
        onClick={() => (open ? setOpen(false) : show())}
        onKeyDown={(event) => {
          if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
          event.preventDefault();
          show();
        }}
      >
        {/* The space is not seen: with it the button's name is of two words. */}
        <span className="nb-label">{input.name}</span>{" "}
        <span className="nb-value" data-unlisted={!listed && value !== undefined}>
          {String(value ?? "choose")}
        </span>
        <ChevronIcon />
      </button>
      {open && (
        <Popup anchor={button} onClose={() => setOpen(false)}>
          <OptionList
            label={input.name}
            options={options}
            files={files}
            selected={value}
            onClose={close}
            onChoose={(option) => {
              close();
              if (option !== value) onCommit(option);
            }}
          />
        </Popup>
      )}
    </>
  );
}
