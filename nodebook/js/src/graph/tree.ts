/** Node types by category, as a tree: "image/filter" lies in "image". */
import type { NodeTypeInfo } from "./library";

export interface Category {
  /** The whole path. "" is the root. */
  readonly path: string;
  readonly title: string;
  readonly categories: readonly Category[];
  readonly types: readonly NodeTypeInfo[];
  /** How many types lie in it and below. */
  readonly count: number;
}

const OTHER = "other";

interface Draft {
  readonly categories: Map<string, Draft>;
  readonly types: NodeTypeInfo[];
}

const emptyDraft = (): Draft => ({ categories: new Map(), types: [] });

export function categoryTree(types: readonly NodeTypeInfo[]): Category {
  const root = emptyDraft();
  for (const type of types) {
    let at = root;
    for (const part of categoryParts(type)) {
      const next = at.categories.get(part) ?? emptyDraft();
      at.categories.set(part, next);
      at = next;
    }
    at.types.push(type);
  }
  return finish("", "", root);
}

function categoryParts(type: NodeTypeInfo): string[] {
  const parts = type.category.split("/").filter(Boolean);
  return parts.length > 0 ? parts : [OTHER];
}

function finish(path: string, title: string, draft: Draft): Category {
  const categories = [...draft.categories]
    .map(([name, inner]) => finish(path === "" ? name : `${path}/${name}`, name, inner))
    .sort((a, b) => a.title.localeCompare(b.title));
  const types = [...draft.types].sort((a, b) => a.title.localeCompare(b.title));
  const count = types.length + categories.reduce((sum, category) => sum + category.count, 0);
  return { path, title, categories, types, count };
}

/** A line of the tree as it is shown. Levels begin at 1. */
export type TreeRow =
  | {
      readonly kind: "category";
      readonly key: string;
      readonly level: number;
      readonly category: Category;
      readonly open: boolean;
    }
  | { readonly kind: "type"; readonly key: string; readonly level: number; readonly type: NodeTypeInfo };

/** The lines that are seen while the categories `open` (by path) are open. */
export function treeRows(root: Category, isOpen: (path: string) => boolean): TreeRow[] {
  const rows: TreeRow[] = [];
  const walk = (category: Category, level: number) => {
    for (const inner of category.categories) {
      const open = isOpen(inner.path);
      rows.push({ kind: "category", key: `/${inner.path}`, level, category: inner, open });
      if (open) walk(inner, level + 1);
    }
    for (const type of category.types) rows.push({ kind: "type", key: `${category.path}:${type.name}`, level, type });
  };
  walk(root, 1);
  return rows;
}
