import tseslint from 'typescript-eslint';
import { wallsPlugin } from './scripts/lint-walls.mjs';

const namedExportsOnly = [
  { selector: 'ExportDefaultDeclaration', message: 'Named exports only: one name everywhere.' },
  {
    selector: 'ExportSpecifier[exported.name="default"]',
    message: 'Named exports only: one name everywhere.',
  },
  { selector: 'TSEnumDeclaration', message: 'Use an "as const" object or a union of texts.' },
];

const clock = [
  {
    selector: 'NewExpression[callee.name="Date"][arguments.length=0], CallExpression[callee.name="Date"]',
    message: 'No clock here: take the time as an argument.',
  },
  {
    selector: 'MemberExpression[object.name="Date"]:matches([property.name="now"], [property.value="now"])',
    message: 'No clock here: take the time as an argument.',
  },
];

const chance = {
  selector:
    'MemberExpression[object.name="Math"]:matches([property.name="random"], [property.value="random"])',
  message: 'No chance here: take the value as an argument (in workflows/: uuid4 of the SDK).',
};

const environment = {
  selector:
    'MemberExpression[object.name="process"]:matches([property.name="env"], [property.value="env"]), VariableDeclarator[init.name="process"] > ObjectPattern > Property[key.name="env"]',
  message: 'The environment is read in settings.ts only: take a setting as an argument.',
};

const outsideWorld = [
  ...['process', 'console', 'fetch', 'crypto', 'performance', 'Buffer', 'globalThis'],
  ...['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'structuredClone', 'WebSocket'],
].map((name) => ({
  name,
  message: 'Not in domain/ and workflows/: they are pure, and replayed.',
}));

const sizes = {
  'max-lines': ['error', { max: 300, skipBlankLines: false, skipComments: false }],
  'max-lines-per-function': ['error', { max: 50, skipBlankLines: true, skipComments: true }],
};

const typed = {
  'warden/walls': 'error',
  '@typescript-eslint/consistent-type-assertions': ['error', { assertionStyle: 'never' }],
  '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
  '@typescript-eslint/switch-exhaustiveness-check': [
    'error',
    { considerDefaultExhaustiveForUnions: true, allowDefaultCaseForExhaustiveSwitch: true },
  ],
  '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
  '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
  // An async function that awaits nothing yet still turns what it throws into a rejection.
  '@typescript-eslint/require-await': 'off',
  '@typescript-eslint/no-confusing-void-expression': 'off',
  '@typescript-eslint/no-meaningless-void-operator': 'off',
  // Warden's objects are closures: their methods have no "this" to lose.
  '@typescript-eslint/unbound-method': 'off',
  '@typescript-eslint/no-misused-spread': 'off',
  '@typescript-eslint/no-dynamic-delete': 'off',
  // "Number(SomeEnum.Name)" is how an enum of a library is compared with a plain number without a cast.
  '@typescript-eslint/no-unnecessary-type-conversion': 'off',
  '@typescript-eslint/no-unsafe-enum-assignment': 'off',
  // What was caught may be thrown on, whatever it is.
  '@typescript-eslint/only-throw-error': ['error', { allowThrowingUnknown: true }],
  '@typescript-eslint/prefer-promise-reject-errors': ['error', { allowThrowingUnknown: true }],
  // "Promise<void>" as a type argument is how an answer without a value is written.
  '@typescript-eslint/no-invalid-void-type': ['error', { allowInGenericTypeArguments: true }],
  '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
  '@typescript-eslint/no-unnecessary-type-parameters': 'off',
  '@typescript-eslint/return-await': 'off',
  eqeqeq: 'error',
  'no-restricted-imports': [
    'error',
    { paths: [{ name: 'node:process', message: 'Use the global; the environment is in settings.ts.' }] },
  ],
  ...sizes,
};

const nodeGlobals = [
  ...['process', 'console', 'fetch', 'URL', 'AbortSignal', 'AbortController', 'Buffer'],
  ...['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'],
];

export default tseslint.config(
  { ignores: ['dist/', '.warden/', 'node_modules/', 'coverage/', 'test/replay/histories/'] },
  { linterOptions: { noInlineConfig: true, reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { warden: wallsPlugin },
    rules: {
      ...typed,
      'no-restricted-syntax': ['error', ...namedExportsOnly, environment],
    },
  },
  {
    files: ['domain/**/*.ts'],
    rules: {
      'no-restricted-syntax': ['error', ...namedExportsOnly, environment, chance, ...clock],
      'no-restricted-globals': ['error', ...outsideWorld],
    },
  },
  {
    // Date stays: in a workflow it is the SDK's, the time of the task in the history.
    files: ['workflows/**/*.ts'],
    rules: {
      'no-restricted-syntax': ['error', ...namedExportsOnly, environment, chance],
      'no-restricted-globals': ['error', ...outsideWorld],
    },
  },
  {
    // A tool server is a program of its own: its environment is what the manifest gives it.
    files: ['settings.ts', 'servers/notes.ts', 'servers/issues.ts'],
    rules: { 'no-restricted-syntax': ['error', ...namedExportsOnly] },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      'max-lines-per-function': 'off',
      // A test reads answers as they came; that they have the shape is what it asserts.
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/no-base-to-string': 'off',
    },
  },
  {
    files: ['**/*.mjs', '**/*.cjs'],
    languageOptions: { globals: Object.fromEntries(nodeGlobals.map((name) => [name, 'readonly'])) },
    rules: {
      ...sizes,
      eqeqeq: 'error',
      'no-undef': 'error',
      'no-unused-vars': 'error',
      'no-var': 'error',
      'prefer-const': 'error',
      'no-unreachable': 'error',
      'no-dupe-keys': 'error',
      'no-fallthrough': 'error',
    },
  },
);
