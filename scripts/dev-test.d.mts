export function testParts(): { names: string[]; paths: string[] }[];
