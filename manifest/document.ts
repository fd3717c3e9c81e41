/**
 * The text of a document (YAML 1.2, of which JSON is a part, with the booleans and merge keys of YAML 1.1)
 * into a tree with places.
 */
import { Composer, LineCounter, Parser } from 'yaml';
import type { Document, ScalarTag, Tags } from 'yaml';
import type { Complaint, Place } from './problem.ts';
import type { At, Source } from './tree.ts';
import { buildTree, withinLimits } from './yaml-tree.ts';
import { excessOf, MAX_BYTES } from './yaml-tokens.ts';

// `y` and `n`, which YAML 1.1 also has, stay texts: as a name or a value nobody means a boolean by them.
const BOOLEAN: ScalarTag = {
  identify: (value) => typeof value === 'boolean',
  default: true,
  tag: 'tag:yaml.org,2002:bool',
  test: /^(?:true|True|TRUE|false|False|FALSE|yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF)$/,
  resolve: (text) => /^(?:true|yes|on)$/i.test(text),
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
  const tokens = [...new Parser(lines.addNewLine).parse(source.text)];
  const excess = excessOf(tokens);
  if (excess) return complain(place(excess.offset), excess);
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
  // Walking what an alias bomb stands for would have no end.
  return withinLimits(tree.size) ? { source, path: '', tree } : null;
}

function firstTwo(tokens: Parameters<Composer['compose']>[0]): Document.Parsed[] {
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
