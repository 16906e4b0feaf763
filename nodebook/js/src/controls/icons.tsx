/** Icons of the controls: 16 × 16 lines in the colour of the text. */
import { Icon } from "../editor/icons";

export const LockIcon = () => (
  <Icon>
    <path d="M4 7.5h8v5H4zM5.5 7.5V5.2a2.5 2.5 0 0 1 5 0v2.3" />
  </Icon>
);
export const DiceIcon = () => (
  <Icon>
    <rect x="3" y="3" width="10" height="10" rx="2" />
    <path d="M5.9 5.9h.01M10.1 5.9h.01M8 8h.01M5.9 10.1h.01M10.1 10.1h.01" strokeWidth="1.8" />
  </Icon>
);
export const IncrementIcon = () => (
  <Icon>
    <path d="M8 12.5v-9M4.5 7 8 3.5 11.5 7" />
  </Icon>
);
export const DecrementIcon = () => (
  <Icon>
    <path d="M8 3.5v9M4.5 9 8 12.5 11.5 9" />
  </Icon>
);
