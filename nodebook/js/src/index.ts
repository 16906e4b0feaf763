/** The anywidget module. */
import type { AnyWidget } from "@anywidget/types";
import { mount } from "./mount";
import "./styles/index.css";
import type { ModelState } from "./sync/session";

const widget: AnyWidget<ModelState> = {
  render({ model, el, signal }) {
    // anywidget before 0.11 gives no signal but calls what render returns.
    const controller = new AbortController();
    const ends = signal ? AbortSignal.any([signal, controller.signal]) : controller.signal;
    mount(model, el, ends);
    return () => controller.abort();
  },
};

export default widget;
