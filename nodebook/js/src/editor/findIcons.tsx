/** Icons of finding and connecting. */
import { Icon } from "./icons";

export const LibraryIcon = () => (
  <Icon>
    <path d="M3 3v10M6 3v10M9 3.4 12.6 13M3 13h3" />
  </Icon>
);
export const LegendIcon = () => (
  <Icon>
    <circle cx="3.5" cy="4.5" r="1.5" />
    <path d="M7 4.5h6M7 11.5h6" />
    <rect x="2" y="10" width="3" height="3" />
  </Icon>
);
export const StarIcon = ({ on }: { readonly on: boolean }) => (
  <Icon fill={on}>
    <path d="m8 2.6 1.6 3.4 3.8.5-2.8 2.6.7 3.7L8 11l-3.3 1.8.7-3.7-2.8-2.6 3.8-.5z" />
  </Icon>
);
