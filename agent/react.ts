/** A reason step as a loop: how its output is judged, and what a run of it comes to. */
import type { Json } from '../domain/json.ts';
import { noSubmit, refusedSubmit } from './ends.ts';
import { extractFacts } from './facts.ts';
import { runLoop } from './loop.ts';
import { renderPrompt } from './prompt.ts';
import { READ_RESOURCE } from './resources.ts';
import type { AgentResult, AgentRun, AgentTool } from './run.ts';
import { SUBMIT } from './submit.ts';
import { firstOpenCall, readTranscript } from './transcript.ts';
import type { Turn } from './transcript.ts';
import { totalTiming, totalUsage } from './usage.ts';

export type { AgentResult, AgentRun, AgentTool, ToolAnswer } from './run.ts';

/** As `runAgent`, of a step whose adapter is `react`. */
export async function runReact(run: AgentRun): Promise<AgentResult> {
  const { step } = run;
  const { output, turns } = await runLoop(run, {
    prompt: renderPrompt(run),
    objection: () => null,
    refused: (made) => refusedSubmit(step, made),
    outOfTurns: (made) => refusedSubmit(step, made) ?? noSubmit('max_turns_exceeded', step, made),
  });
  return {
    output,
    facts: extractFacts(step.facts, turns),
    usage: totalUsage(turns, run.worker.model_name),
    timing: totalTiming(turns),
    usedWritingTool: turnsWrote(turns, run.tools),
  };
}

/**
 * Whether a tool that is not read-only was called, or may have been: the first call without a result can be in
 * flight. Takes recorded entries, so that a step that was stopped can be judged as well.
 */
export function usedWritingTool(transcript: readonly Json[], tools: readonly AgentTool[]): boolean {
  return turnsWrote(readTranscript(transcript), tools);
}

function turnsWrote(turns: readonly Turn[], tools: readonly AgentTool[]): boolean {
  const harmless = new Set([
    SUBMIT,
    READ_RESOURCE,
    ...tools.filter((tool) => tool.readOnly).map((tool) => tool.name),
  ]);
  return turns.some((turn) => {
    const made = [...turn.results.values()].filter((result) => result.called).map((result) => result.tool);
    const open = firstOpenCall(turn);
    return [...made, ...(open === undefined ? [] : [open.tool])].some((tool) => !harmless.has(tool));
  });
}
