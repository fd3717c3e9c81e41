/**
 * The text of a document (YAML 1.2, of which JSON is a part, with the booleans and merge keys of YAML 1.1)
 * into a tree with places.
 */
import { Composer, Lexer, LineCounter, Parser } from 'yaml';
import type { CST, Document, ScalarTag, Tags } from 'yaml';
import type { Complaint, Place } from './problem.ts';
import type { At, Source } from './tree.ts';
import { buildTree } from './yaml-tree.ts';
import { excessOf, MAX_BYTES } from './yaml-tokens.ts';

// `y` and `n`, which YAML 1.1 also has, stay texts: as a name or a value nobody means a boolean by them.
const BOOLEAN: ScalarTag = {
  identify: (value) => typeof value === 'boolean',
  default: true,
  tag: 'tag:yaml.org,2002:bool',
  test: /^(?:true|True|TRUE|false|False|FALSE|yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF)$/,
  resolve: (text) => /^(?:true|yes|on)$/i.test(text),
};

/**
 * Reading takes about 1 µs for each, of the process that answers everybody: a million list items within the bytes
 * allowed would take seconds. A manifest of 1,000 steps like those of config/ has about 150,000; a text counts as
 * one, however long it is.
 */
const MAX_LEXEMES = 200_000;
const TOO_MANY = {
  expected: `at most ${MAX_LEXEMES} words and marks of YAML`,
  found: 'more',
  hint: 'move schemas, policies and prompts into files that the manifest names, or deploy it in parts',
};

/** Reports everything that keeps the text from being one readable document; null when there is no tree. */
export function readDocument(source: Source): At | null {
  const complain = (place: Place, complaint: Complaint): null => {
    source.report.add(source.file, place, '', complaint);
    return null;
  };
  const start = { line: 1, column: 1 };
  const bytes = Buffer.byteLength(source.text);
  if (bytes > MAX_BYTES) {
    return complain(start, { expected: `at most ${MAX_BYTES} bytes`, found: `${bytes}` });
  }
  const lines = new LineCounter();
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const tokens = tokensOf(source.text, lines);
  const excess = tokens && excessOf(tokens);
  if (tokens === null || excess) return complain(place(excess?.offset ?? 0), excess ?? TOO_MANY);
  const [first, second] = firstTwo(tokens);
  if (second) {
    const expected = 'one document';
    return complain(place(second.range[0]), {
      expected,
      found: 'several',
      hint: 'deploy each as a file of its own',
    });
  }
  if (first === undefined || first.contents === null) {
    return complain(start, { expected: 'a document', found: 'nothing' });
  }
  for (const error of [...first.errors, ...first.warnings]) {
    const message = `not YAML: ${error.message}`;
    complain(place(error.pos[0]), { expected: 'YAML', found: error.code, message });
  }
  if (first.errors.length + first.warnings.length > 0) return null;
  const tree = buildTree(first.contents, source, lines);
  return tree && { source, path: '', tree };
}

/** Null when there are more than a manifest may have; no more are read then. */
function tokensOf(text: string, lines: LineCounter): CST.Token[] | null {
  const parser = new Parser(lines.addNewLine);
  const tokens: CST.Token[] = [];
  let lexemes = 0;
  lines.addNewLine(0);
  for (const lexeme of new Lexer().lex(text)) {
    lexemes += 1;
    if (lexemes > MAX_LEXEMES) return null;
    tokens.push(...parser.next(lexeme));
  }
  tokens.push(...parser.end());
  return tokens;
}

function firstTwo(tokens: CST.Token[]): Document.Parsed[] {
  const composer = new Composer({
    version: '1.2',
    schema: 'core',
    customTags: withBooleans,
    resolveKnownTags: false,
    // Both are looked at in the tree: the library compares each key with all before it.
    uniqueKeys: false,
    merge: false,
    prettyErrors: false,
    logLevel: 'silent',
  });
  const documents: Document.Parsed[] = [];
  for (const document of composer.compose(tokens)) {
    documents.push(document);
    if (documents.length === 2) break;
  }
  return documents;
}

function withBooleans(tags: Tags): Tags {
  return tags.map((tag) => (typeof tag === 'object' && tag.tag === BOOLEAN.tag ? BOOLEAN : tag));
}
