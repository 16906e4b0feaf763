/** Icons of the large pictures. */
import { Icon } from "../icons";

export const GridIcon = () => (
  <Icon>
    <path d="M3 3h4v4H3zM9 3h4v4H9zM3 9h4v4H3zM9 9h4v4H9z" />
  </Icon>
);
export const ZoomInIcon = () => (
  <Icon>
    <path d="M7 2.8a4.2 4.2 0 1 0 0 8.4 4.2 4.2 0 0 0 0-8.4M10.2 10.2 13.5 13.5M7 5v4M5 7h4" />
  </Icon>
);
export const ZoomOutIcon = () => (
  <Icon>
    <path d="M7 2.8a4.2 4.2 0 1 0 0 8.4 4.2 4.2 0 0 0 0-8.4M10.2 10.2 13.5 13.5M5 7h4" />
  </Icon>
);
export const DownloadIcon = () => (
  <Icon>
    <path d="M8 3v7M5 7.5 8 10.5l3-3M3 11v2h10v-2" />
  </Icon>
);
