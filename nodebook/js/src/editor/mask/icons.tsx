/** Icons of the mask editor. */
import { Icon } from "../icons";

export const BrushIcon = () => (
  <Icon>
    <path d="M13 3 7.5 8.5M6.5 8.2l1.3 1.3c.6 2-1.2 3.5-4.8 3.3 1.2-.6.9-1.4 1-2.5.1-1.3 1.2-2.1 2.5-2.1" />
  </Icon>
);
export const EraserIcon = () => (
  <Icon>
    <path d="m3 9.5 5.5-5.5 4 4L8 12.5H5.5zM6 6.5l4 4M7 12.5h6" />
  </Icon>
);
export const FillIcon = () => (
  <Icon>
    <path d="M7 2.5 12 7.5 7.5 12 3 7.5zM3 7.5h9M13 10c.8 1.2 1 1.7 1 2.2a1 1 0 0 1-2 0c0-.5.2-1 1-2.2" />
  </Icon>
);
export const InvertIcon = () => (
  <Icon>
    <circle cx="8" cy="8" r="5" />
    <path d="M8 3v10M8 5l2.5 1.5M8 8h4.5M8 11l2.5-1.5" />
  </Icon>
);
export const TrashIcon = () => (
  <Icon>
    <path d="M3.5 4.5h9M6.5 4.5V3h3v1.5M5 4.5l.5 8.5h5l.5-8.5" />
  </Icon>
);
export const FeatherIcon = () => (
  <Icon>
    <circle cx="8" cy="8" r="2" />
    <path
      d="M8 3.2v.01M8 12.8v.01M3.2 8h.01M12.8 8h.01M4.6 4.6h.01M11.4 11.4h.01M11.4 4.6h.01M4.6 11.4h.01"
      strokeWidth="1.8"
    />
  </Icon>
);
