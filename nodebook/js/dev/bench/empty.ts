/** The benchmark's empty page: what a frame takes when nothing is drawn. */
import { publish } from "./page";

publish(null);
