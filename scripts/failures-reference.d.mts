export function failuresReferenceOf(catalogue: object): string;
