/** Which variables of the notebook an input could take, asked of the kernel each time: cells make and delete them. */
import type { OfferedVariable, ToKernel, VariablesMessage } from "../protocol";

const PATIENCE_MS = 3000;

export function createOffers(client: string, send: (message: ToKernel) => boolean, signal: AbortSignal) {
  const waiting = new Map<string, (offered: readonly OfferedVariable[]) => void>();
  const settle = (key: string, offered: readonly OfferedVariable[]) => {
    waiting.get(key)?.(offered);
    waiting.delete(key);
  };
  return {
    /** Resolves with nothing where the kernel does not answer: a name can be typed all the same. */
    ask(node: string, input: string): Promise<readonly OfferedVariable[]> {
      const key = `${node}\n${input}`;
      settle(key, []);
      return new Promise((resolve) => {
        const timer = setTimeout(() => settle(key, []), PATIENCE_MS);
        signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
        waiting.set(key, (offered) => {
          clearTimeout(timer);
          resolve(offered);
        });
        if (!send({ type: "list_variables", client, node, input })) settle(key, []);
      });
    },

    receive(message: VariablesMessage) {
      if (message.to === client) settle(`${message.node}\n${message.input}`, message.variables);
    },
  };
}
