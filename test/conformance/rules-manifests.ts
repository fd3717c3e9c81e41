import type { Section } from './rule.ts';
import { MANIFEST_FILE_RULES } from './rules-manifests-files.ts';
import { MANIFEST_RUN_RULES } from './rules-manifests-run.ts';
import { MANIFEST_STEP_RULES } from './rules-manifests-steps.ts';

export const MANIFEST_RULES: readonly Section[] = [
  {
    title: 'Reading a manifest',
    rules: {
      'MANIFEST-1': 'a manifest says the same in YAML and in JSON',
      'MANIFEST-2':
        'yes, no, on and off are booleans in every case, and a merge key takes over what it names',
      'MANIFEST-3': 'an unknown key is refused wherever it stands, and the nearest known one is named',
      'MANIFEST-4': 'a field of the other kind of step is refused',
      'MANIFEST-5': 'an optional key that is null is a missing one',
      'MANIFEST-6':
        'a text that is unambiguously the wanted number or boolean is read as such, and no other text is',
      'MANIFEST-7':
        'a number or a boolean is never read as a text, and the quotes that are missing are shown',
      'MANIFEST-8':
        'each problem names its line, its column, its path, what was expected and what came; its file where it has one',
      'MANIFEST-9':
        'all problems are answered at once, those of the named files and of unknown workers included',
      'MANIFEST-10': 'a required key that is missing is named, with what belongs there',
      'MANIFEST-11':
        'what is no document is refused with 400 and its place: bad YAML, bad JSON, several documents',
      'MANIFEST-12': 'a key that stands twice in a map is refused',
      'MANIFEST-13': 'a manifest that was refused has changed nothing',
      'MANIFEST-14':
        'over 2 MiB is answered 413; what is nested over 64 deep, has over 100,000 keys or unfolds to such is answered 400',
    },
  },
  {
    title: 'Identity of manifests',
    rules: {
      'MANIFEST-15': 'kind, name and version are required, of a saga its description; namespace is "default"',
      'MANIFEST-16':
        'the same identity again replaces the definition under its id, and says whether it is another',
      'MANIFEST-17': 'the version of a name that was deployed last is the active one',
      'MANIFEST-18': 'a saga that runs keeps what it froze, of itself and of its workers',
      'MANIFEST-19':
        'a saga that names a worker or a version which is not deployed is refused, and its place is named',
      'MANIFEST-20': 'a worker of another namespace is not found',
      'MANIFEST-21': 'the worker of a compensation must be deployed as well',
      'MANIFEST-22': 'names, versions and namespaces are held to their limits',
      'MANIFEST-23': 'the id of a step is held to its pattern, and no two steps share one',
      'MANIFEST-24': 'a saga has at least one step, of kind reason or commit',
    },
  },
  ...MANIFEST_FILE_RULES,
  ...MANIFEST_STEP_RULES,
  ...MANIFEST_RUN_RULES,
];
