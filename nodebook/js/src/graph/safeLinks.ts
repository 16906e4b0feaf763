/** Which addresses of a note may become links or pictures. Text from a graph is never trusted. */

const LINKS = /^(?:https?:\/\/|mailto:)[^\s]+$/i;
const PICTURES = /^data:image\/(?:png|jpeg|gif|webp|avif);base64,[a-z0-9+/=]+$/i;

/** The address where it leads to a page or a mailbox; else null: no scripts, no files, nothing of the notebook's server. */
export function safeHref(address: string): string | null {
  // Browsers drop control characters: "java\nscript:" must not slip by.
  const clean = [...address].filter((letter) => letter > " " && letter !== "\u007f").join("");
  return LINKS.test(clean) ? clean : null;
}

/** A picture that the note itself holds; null for one from elsewhere, which would tell its server that it was read. */
export function safePicture(address: string): string | null {
  return PICTURES.test(address.trim()) ? address.trim() : null;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0" };
const HIGHEST_CODE = 0x10ffff;

/** `&amp;` and its like as the letters that they stand for; unknown ones stay. */
export function decodeEntities(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]+));/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return ENTITIES[String(name).toLowerCase()] ?? whole;
    const code = decimal !== undefined ? Number(decimal) : Number.parseInt(hex, 16);
    return code > 0 && code <= HIGHEST_CODE ? String.fromCodePoint(code) : whole;
  });
}
