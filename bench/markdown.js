// @ts-check
/** What the tables in Markdown share. */

/** Text as it can stand in a cell. @param {string} text */
export function cell(text) {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}
