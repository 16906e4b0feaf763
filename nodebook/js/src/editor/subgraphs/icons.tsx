import { Icon } from "../icons";

export const EnterIcon = () => (
  <Icon>
    <path d="M9 3h4v10H9M3 8h7M7.5 5.5 10 8l-2.5 2.5" />
  </Icon>
);
export const UpIcon = () => (
  <Icon>
    <path d="m4.5 9.5 3.5-3.5 3.5 3.5" />
  </Icon>
);
export const DownIcon = () => (
  <Icon>
    <path d="m4.5 6.5 3.5 3.5 3.5-3.5" />
  </Icon>
);
export const RemoveIcon = () => (
  <Icon>
    <path d="m5 5 6 6M11 5l-6 6" />
  </Icon>
);
export const SubgraphIcon = () => (
  <Icon>
    <rect x="2.5" y="2.5" width="11" height="11" rx="1.5" />
    <path d="M5 6h2.5v4H11" />
  </Icon>
);
export const GroupIcon = () => (
  <Icon>
    <path d="M2.5 5.5v-3h3M10.5 2.5h3v3M13.5 10.5v3h-3M5.5 13.5h-3v-3" />
  </Icon>
);
