import { Icon } from "../icons";

export const ListIcon = () => (
  <Icon>
    <path d="M6 4h8M6 8h8M6 12h8M2.5 4h.1M2.5 8h.1M2.5 12h.1" />
  </Icon>
);
export const LinkIcon = () => (
  <Icon>
    <path d="M2 5h3.5c3 0 2 6 5 6H14M11.5 8.5 14 11l-2.5 2.5" />
  </Icon>
);
