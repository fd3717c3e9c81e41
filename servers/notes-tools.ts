/**
 * The tools of the notes server: names, what they take, what they say about themselves, what they do. A tool
 * that acts does so in one synchronous stretch, so that an effect and its line in the record belong together.
 */
import { z } from 'zod';
import type { Effect, CallRecord } from './call-record.ts';
import type { NotesFolder } from './notes-folder.ts';
import { NOTE_LIMIT_BYTES, NoteRefused, restore } from './notes-folder.ts';

type Result = Record<string, unknown>;
/** What an act did: an effect to be recorded, or nothing but an answer. */
type Act = { effects: Pick<Effect, 'path' | 'previous'>[]; result: Result };

export interface NoteTool {
  name: string;
  description: string;
  /** `keyed`: a second call with the same idempotency key has no second effect and gets the first result. */
  behaviour: 'reads' | 'acts' | 'keyed';
  inputSchema: { type: 'object'; [key: string]: unknown };
  /** Checks the arguments (throws `NoteRefused`) and answers what is to be done with them. */
  prepare(args: unknown): (key: string | null) => Act;
}

const path = z.string().min(1).max(500).describe('relative path of the note, such as "drafts/today.md"');
const content = z.string().max(1_000_000).describe('text of the note');
const forwardKey = z.string().min(1).describe('idempotency key of the call to undo');

/** All tools over one folder and its record. */
export function notesTools(folder: NotesFolder, record: CallRecord): NoteTool[] {
  return [...readingTools(folder), ...writingTools(folder, record), ...undoingTools(folder, record)];
}

function readingTools(folder: NotesFolder): NoteTool[] {
  const read = (name: string) => {
    const text = folder.read(name);
    if (text === null) throw new NoteRefused(`there is no note "${name}"; list_notes names those that exist`);
    return { path: name, bytes: Buffer.byteLength(text), content: text };
  };
  return [
    tool(
      'list_notes',
      'reads',
      'Lists the notes directly in a folder (default: the top).',
      z.strictObject({ folder: z.string().max(500).optional() }),
      (input) => {
        const notes = folder.list(input.folder ?? '');
        return { effects: [], result: { notes, paths: notes.map((note) => note.path) } };
      },
    ),
    tool('read_note', 'reads', 'Reads one note.', z.strictObject({ path }), (input) => ({
      effects: [],
      result: read(input.path),
    })),
    tool(
      'read_notes',
      'reads',
      'Reads several notes at once.',
      z.strictObject({ paths: z.array(path).max(100) }),
      (input) => {
        let bytes = 0;
        const notes = input.paths.map((name) => {
          const note = read(name);
          bytes += note.bytes;
          if (bytes > NOTE_LIMIT_BYTES) {
            throw new NoteRefused(`these notes have more than ${NOTE_LIMIT_BYTES} bytes; read fewer at once`);
          }
          return note;
        });
        return { effects: [], result: { notes } };
      },
    ),
  ];
}

function writingTools(folder: NotesFolder, record: CallRecord): NoteTool[] {
  const write = (name: string, text: string, key: string | null): Act => {
    refuseUndone(record, key);
    const previous = folder.read(name);
    folder.write(name, text);
    const result = { path: name, bytes: Buffer.byteLength(text), created: previous === null };
    return { effects: [{ path: name, previous }], result };
  };
  return [
    tool(
      'write_note',
      'acts',
      'Creates or replaces a note. Every call writes, also one that repeats an idempotency key.',
      z.strictObject({ path, content }),
      (input, key) => write(input.path, input.content, key),
    ),
    tool(
      'append_note',
      'acts',
      'Adds text at the end of a note, which is created when it does not exist. Every call adds.',
      z.strictObject({ path, content }),
      (input, key) => write(input.path, (folder.read(input.path) ?? '') + input.content, key),
    ),
    tool(
      'put_note',
      'keyed',
      'Creates or replaces a note, once for each idempotency key.',
      z.strictObject({ path, content }),
      (input, key) => write(input.path, input.content, key),
    ),
  ];
}

function undoingTools(folder: NotesFolder, record: CallRecord): NoteTool[] {
  return [
    tool(
      'delete_note',
      'keyed',
      'Deletes a note; one that does not exist is no error.',
      z.strictObject({ path }),
      (input, key) => {
        refuseUndone(record, key);
        const previous = folder.read(input.path);
        folder.remove(input.path);
        const effects = previous === null ? [] : [{ path: input.path, previous }];
        return { effects, result: { path: input.path, deleted: previous !== null } };
      },
    ),
    tool(
      'restore_note',
      'keyed',
      'Puts back what was there before the call that carried `forward_key`; a note that did not exist is ' +
        'deleted. When that call never took effect nothing changes, and should it still arrive it is refused.',
      z.strictObject({ forward_key: forwardKey }),
      (input, key) => {
        record.markUndone(key, input.forward_key);
        const before = new Map<string, string | null>();
        for (const effect of record.effectsOf(input.forward_key)) {
          if (!before.has(effect.path)) before.set(effect.path, effect.previous);
        }
        const effects = [...before].map(([name, earlier]) => {
          const previous = folder.read(name);
          restore(folder, name, earlier);
          return { path: name, previous };
        });
        return { effects, result: { restored: [...before.keys()] } };
      },
    ),
  ];
}

function refuseUndone(record: CallRecord, key: string | null): void {
  if (key === null || !record.isUndone(key)) return;
  throw new NoteRefused(`the call with key ${key} was undone before it arrived here; nothing was done`);
}

function tool<Input>(
  name: string,
  behaviour: NoteTool['behaviour'],
  description: string,
  input: z.ZodType<Input>,
  act: (input: Input, key: string | null) => Act,
): NoteTool {
  const { $schema, ...schema } = z.toJSONSchema(input);
  void $schema;
  return {
    name,
    behaviour,
    description,
    inputSchema: { ...schema, type: 'object' },
    prepare: (args) => {
      const parsed = input.safeParse(args);
      if (!parsed.success) throw new NoteRefused(`arguments of ${name}: ${z.prettifyError(parsed.error)}`);
      return (key) => act(parsed.data, key);
    },
  };
}
