/**
 * Elements of an SVG as text.
 *
 * @module
 */

/** What an element has. */
export type Attributes = Readonly<Record<string, string | number>>;

/** Writes an element; what is inside is SVG already. */
export function element(name: string, attributes: Attributes, ...inside: readonly string[]): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeText(short(value))}"`);
  const start = `<${name}${written.join('')}`;
  return inside.length === 0 ? `${start}/>` : `${start}>${inside.join('')}</${name}>`;
}

/** Writes an element with text inside. */
export function textElement(name: string, attributes: Attributes, text: string): string {
  return element(name, attributes, escapeText(text));
}

/** Makes text harmless within an element or an attribute. */
export function escapeText(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

function short(value: string | number): string {
  return typeof value === 'string' ? value : `${Math.round(value * 10) / 10}`;
}
