// Draws what terminals show as an SVG: each file named is the output of `tmux capture-pane -e -p`, and becomes a window,
// one below the other. The picture is text with a place for each piece, so that no font can shift it; it has no script
// and loads nothing.
import { readFileSync } from "node:fs";

const CELL = 8.4, LINE = 19, PAD = 16, BAR = 30, GAP = 18, FONT = 14;
const FONTS = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace";
const INK = "#d8dee9", PAPER = "#20242c";
// The sixteen colours of a terminal, dark and bright.
const COLOURS = [
  "#3b4252", "#e0707c", "#a3c98b", "#ebcb8b", "#82a8d9", "#bd93c9", "#7fc4cf", INK,
  "#7b8496", "#f08a95", "#b5dc9d", "#f5dca3", "#9dbfeb", "#d3aede", "#98dbe5", "#ffffff",
];

// SGR (ECMA-48 §8.3.117): what is not known here stops the drawing.
function apply(style, parameters) {
  const codes = parameters === "" ? [0] : parameters.split(/[;:]/).map(Number);
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i];
    if (code === 0) style = {};
    else if (code === 1) style = { ...style, bold: true };
    else if (code === 2) style = { ...style, dim: true };
    else if (code === 3) style = { ...style, italic: true };
    else if (code === 4) style = { ...style, underline: true };
    else if (code === 22) style = { ...style, bold: false, dim: false };
    else if (code === 23) style = { ...style, italic: false };
    else if (code === 24) style = { ...style, underline: false };
    else if (code >= 30 && code <= 37) style = { ...style, colour: COLOURS[code - 30] };
    else if (code >= 90 && code <= 97) style = { ...style, colour: COLOURS[code - 82] };
    else if (code === 38 && codes[i + 1] === 5 && codes[i + 2] < 16) {
      style = { ...style, colour: COLOURS[codes[i + 2]] };
      i += 2;
    } else if (code === 49) continue; // No paper but one is known.
    else if (code === 39) style = { ...style, colour: undefined };
    else throw new Error(`SGR ${parameters} is not known`);
  }
  return style;
}

// A line as pieces of one style, without wide gaps, which a browser would close. What is no ASCII has a piece for each
// character, for its width is the font's.
function pieces(line, style) {
  const found = [];
  let column = 0;
  for (const part of line.split(/(\x1b\[[\d;:]*m|\x0e|\x0f)/)) {
    const sgr = /^\x1b\[([\d;:]*)m$/.exec(part);
    if (sgr) style = apply(style, sgr[1]);
    if (sgr || /^[\x0e\x0f]$/.test(part)) continue;
    if (part.includes("\x1b")) throw new Error(`not drawn: ${JSON.stringify(part)}`);
    for (const text of part.match(/[\x21-\x7e]+(?: [\x21-\x7e]+)*|[^\x21-\x7e]/gu) ?? []) {
      if (text.trim() !== "") found.push({ column, text, style });
      column += [...text].length;
    }
  }
  return { found, style };
}

function read(path) {
  let style = {};
  const lines = readFileSync(path, "utf8").trimEnd().split("\n");
  // The prompt that waits for the next command is no part of what is shown.
  while (/^\s*\$?\s*$/.test(lines.at(-1).replace(/\x1b\[[\d;]*m/g, ""))) lines.pop();
  return lines.map((line) => {
    const result = pieces(line, style);
    style = result.style;
    return result.found;
  });
}

const escape = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
const length = (text) => [...text].length;

function piece({ column, text, style }, y) {
  const set = [
    `x="${(PAD + column * CELL).toFixed(1)}"`, `y="${y}"`,
    length(text) > 1 && `textLength="${(length(text) * CELL).toFixed(1)}" lengthAdjust="spacingAndGlyphs"`,
    style.colour && `fill="${style.colour}"`, style.bold && 'font-weight="bold"', style.dim && 'opacity="0.65"',
    style.italic && 'font-style="italic"', style.underline && 'text-decoration="underline"',
  ];
  return `<text ${set.filter(Boolean).join(" ")}>${escape(text)}</text>`;
}

const screens = process.argv.slice(2).map(read);
const ends = screens.flat(2).map(({ column, text }) => column + length(text));
const width = Math.ceil(Math.max(60, ...ends) * CELL + 2 * PAD);
let top = 0;
const out = [];
for (const lines of screens) {
  const height = BAR + lines.length * LINE + PAD;
  out.push(`<rect x="0.5" y="${top + 0.5}" width="${width - 1}" height="${height - 1}" rx="8" fill="${PAPER}" stroke="#7b8496"/>`);
  ["#e0707c", "#ebcb8b", "#a3c98b"].forEach((colour, i) => {
    out.push(`<circle cx="${PAD + 6 + i * 18}" cy="${top + 16}" r="5.5" fill="${colour}"/>`);
  });
  lines.forEach((line, i) => line.forEach((it) => out.push(piece(it, top + BAR + (i + 1) * LINE - 4))));
  top += height + GAP;
}
const height = top - GAP;
const said = escape(screens.flat().map((line) => line.map((it) => it.text.trim()).join(" ")).join("\n"));
console.log(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"
  font-family="${FONTS}" font-size="${FONT}" fill="${INK}" role="img">
<desc>${said}</desc>
${out.join("\n")}
</svg>`);
