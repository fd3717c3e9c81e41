/**
 * The completion script for bash. The library's own asks for a package that many computers do not have, runs what
 * is being typed (`$(…)` in it too), and offers no files.
 */

/** A script for bash 3.2 and later that asks `<name> complete -- <words>`. */
export function bashScript(name: string): string {
  return `# bash completion for ${name}
__${name}_complete() {
  local IFS=$'\\n' word line out directive=4 current="\${COMP_WORDS[COMP_CWORD]}"
  local words=()
  # "--option=value" comes in three words.
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD}"; do
    [[ $word == '=' ]] || words+=("$word")
  done
  if [[ $current == '=' ]]; then
    current=''
    words+=('')
  fi
  out="$(${name} complete -- "\${words[@]}" 2>/dev/null)" || return 0
  COMPREPLY=()
  while read -r line; do
    case $line in
      :*) directive=\${line#:} ;;
      "$current"*) COMPREPLY+=("\${line%%$'\\t'*}") ;;
    esac
  done <<<"$out"
  if [[ $directive == 0 ]] && ! compopt -o default 2>/dev/null; then
    COMPREPLY=($(compgen -f -- "$current"))
  fi
}
complete -F __${name}_complete ${name}
`;
}
