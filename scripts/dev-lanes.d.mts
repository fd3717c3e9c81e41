export function inLanes<Work, Result>(
  all: readonly Work[],
  how: {
    lanes: number;
    perform: (work: Work, write: (text: string) => void) => Promise<Result>;
    stopped: () => boolean;
    out?: (text: string) => void;
  },
): Promise<Result[]>;
