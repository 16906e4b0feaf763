/** Icons of running and watching. */
import { Icon } from "../icons";

export const QueueIcon = () => (
  <Icon>
    <path d="M3 4h10M3 8h10M3 12h6" />
  </Icon>
);
export const PlanIcon = () => (
  <Icon>
    <path d="M3 4.5 4.2 6 6 3.5M8.5 5H13M3 11.5 4.2 13 6 10.5M8.5 12H13" />
  </Icon>
);
export const LogIcon = () => (
  <Icon>
    <path d="m3 4.5 3 3.5-3 3.5M8 12h5" />
  </Icon>
);
export const TimesIcon = () => (
  <Icon>
    <circle cx="8" cy="9" r="4.5" />
    <path d="M8 6.5V9l1.8 1.2M6.5 2.5h3" />
  </Icon>
);
export const AutoRunIcon = () => (
  <Icon>
    <path d="M13 8a5 5 0 0 1-9.2 2.7M3 8a5 5 0 0 1 9.2-2.7M12.6 2.5v3H9.7M3.4 13.5v-3h2.9" />
  </Icon>
);
export const PauseIcon = () => (
  <Icon>
    <path d="M6 4v8M10 4v8" />
  </Icon>
);
export const RestoreIcon = () => (
  <Icon>
    <path d="M3 8a5 5 0 1 0 1.6-3.7M3.2 2.8v2.9h2.9M8 5.5V8l1.8 1.2" />
  </Icon>
);
export const GripIcon = () => (
  <Icon>
    <path d="M6 4.5h.01M10 4.5h.01M6 8h.01M10 8h.01M6 11.5h.01M10 11.5h.01" />
  </Icon>
);
export const CopyIcon = () => (
  <Icon>
    <path d="M6 6h7v7H6zM10 6V3H3v7h3" />
  </Icon>
);
export const StaleIcon = () => (
  <Icon>
    <circle cx="8" cy="8" r="4.5" strokeDasharray="2.4 2.3" />
    <path d="M8 6v2.2l1.4 1" />
  </Icon>
);
export const FullscreenIcon = () => (
  <Icon>
    <path d="M2.5 4h11v8h-11zM9 6h2.5v2M7 10H4.5V8" />
  </Icon>
);
export const TabIcon = () => (
  <Icon>
    <path d="M3 5.5h10V13H3zM3 5.5V3h4l1.2 2.5" />
  </Icon>
);

/** A run pauses here: filled, so that it is seen among outlines. */
export const BreakIcon = () => (
  <Icon>
    <circle cx="8" cy="8" r="4" fill="currentColor" />
  </Icon>
);
