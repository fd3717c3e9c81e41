export function httpReferenceOf(document: object): string;
