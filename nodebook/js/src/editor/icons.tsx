/** Line icons, 16 × 16, in the colour of the text. */
import type { ReactNode } from "react";

/** An icon of other files too: lines in a box of 16. */
export function Icon({ children, fill = false }: { readonly children: ReactNode; readonly fill?: boolean }) {
  return (
    <svg className="nb-icon" viewBox="0 0 16 16" aria-hidden="true" data-fill={fill}>
      {children}
    </svg>
  );
}

export const RunIcon = () => (
  <Icon fill>
    <path d="M4.5 2.8v10.4L13 8z" />
  </Icon>
);
/** A name in a cell: brackets around a dot. */
export const VariableIcon = () => (
  <Icon>
    <path d="M5.5 3H3v10h2.5M10.5 3H13v10h-2.5" />
    <circle cx="8" cy="8" r="1.5" />
  </Icon>
);
export const StopIcon = () => (
  <Icon fill>
    <rect x="4" y="4" width="8" height="8" rx="1" />
  </Icon>
);
export const UndoIcon = () => (
  <Icon>
    <path d="M6 3 3 6l3 3M3.5 6H10a3.5 3.5 0 0 1 0 7H7" />
  </Icon>
);
export const RedoIcon = () => (
  <Icon>
    <path d="m10 3 3 3-3 3M12.5 6H6a3.5 3.5 0 0 0 0 7h3" />
  </Icon>
);
export const AddIcon = () => (
  <Icon>
    <path d="M8 3v10M3 8h10" />
  </Icon>
);
export const MoreIcon = () => (
  <Icon fill>
    <circle cx="3.5" cy="8" r="1" />
    <circle cx="8" cy="8" r="1" />
    <circle cx="12.5" cy="8" r="1" />
  </Icon>
);
export const HelpIcon = () => (
  <Icon>
    <path d="M6 6.2a2 2 0 1 1 2.6 1.9c-.4.2-.6.5-.6.9v.6M8 11.8v.1" />
    <circle cx="8" cy="8" r="6" />
  </Icon>
);
export const TickIcon = () => (
  <Icon>
    <path d="m3 8.5 3 3 7-7" />
  </Icon>
);
export const FitIcon = () => (
  <Icon>
    <path d="M3 6V3h3M10 3h3v3M13 10v3h-3M6 13H3v-3" />
  </Icon>
);
export const ChevronIcon = () => (
  <Icon>
    <path d="m5 6.5 3 3 3-3" />
  </Icon>
);
export const UploadIcon = () => (
  <Icon>
    <path d="M8 10.5V3.5M5 6l3-3 3 3M3 11v2h10v-2" />
  </Icon>
);
export const CloseIcon = () => (
  <Icon>
    <path d="m4.5 4.5 7 7M11.5 4.5l-7 7" />
  </Icon>
);
export const WarningIcon = () => (
  <Icon>
    <path d="M8 2.8 14 13H2zM8 6.8v3M8 11.4v.2" />
  </Icon>
);
export const PreviousIcon = () => (
  <Icon>
    <path d="m9.5 4.5-3.5 3.5 3.5 3.5" />
  </Icon>
);
export const NextIcon = () => (
  <Icon>
    <path d="m6.5 4.5 3.5 3.5-3.5 3.5" />
  </Icon>
);
export const EnlargeIcon = () => (
  <Icon>
    <path d="M9 3h4v4M13 3 9 7M7 13H3V9M3 13l4-4" />
  </Icon>
);

export const MuteIcon = () => (
  <Icon>
    <path d="M8 3.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M5 11l6-6" />
  </Icon>
);
export const BypassIcon = () => (
  <Icon>
    <path d="M2 8h2.5c1.5 0 1.5-4 3.5-4s2 4 3.5 4H14M6.5 10.5h3" />
  </Icon>
);

/** One shape per node state, so that colour is never the only sign. */
const STATE_SHAPES: Readonly<Record<string, ReactNode>> = {
  queued: <circle cx="8" cy="8" r="4.5" strokeDasharray="2.4 2.3" />,
  running: <path d="M8 3.5a4.5 4.5 0 1 1-4.5 4.5M8 8h.01M8 8V5.5" />,
  paused: <path d="M6 4v8M10 4v8" />,
  cached: <path d="M8 3 13 8l-5 5-5-5z" />,
  done: <path d="m3.5 8.5 3 3 6-7" />,
  failed: <path d="m4 4 8 8M12 4l-8 8" />,
  blocked: <path d="M8 3.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M5.5 8h5" />,
  skipped: <path d="M3.5 8h9" />,
  cancelled: <rect x="4.5" y="4.5" width="7" height="7" />,
};

export const StateIcon = ({ state }: { readonly state: string }) => <Icon>{STATE_SHAPES[state]}</Icon>;
