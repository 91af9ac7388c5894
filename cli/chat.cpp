// candor run --chat: turns from a terminal or a pipe.
#include "candor/error.h"
#include "cli/prompt_text.h"
#include "cli/run.h"
#include "cli/signals.h"
#include "cli/terminal.h"

namespace candor::cli {
namespace {

constexpr const char* kHelp =
    "/reset  forget the conversation        /exit  leave (Ctrl-D too)\n"
    "/help   this text                      Ctrl-C stops an answer\n"
    "A line that ends with \\ continues on the next.\n";

void show_prompt(bool continues) {
  if (!stdin_is_terminal()) return;
  const Style& style = err_style();
  write_err(std::string(style.bold).append(continues ? "… " : "> ").append(style.reset));
}

std::optional<std::string> next_line(LineReader& lines) {
  try {
    return lines.next();
  } catch (const Cancelled&) {
    if (stdin_is_terminal()) write_err("\n");  // the shell's prompt starts on a line of its own
    throw;
  }
}

// One turn, of one or more lines; nothing at the end of the input.
std::optional<std::string> read_turn(LineReader& lines) {
  std::string turn;
  for (bool continues = false;; continues = true) {
    show_prompt(continues);
    auto line = next_line(lines);
    if (!line) {
      if (turn.empty()) return std::nullopt;
      return turn;
    }
    const bool more = line->ends_with('\\');
    if (more) line->back() = '\n';
    turn += *line;
    if (!more) return turn;
  }
}

bool is_command(const std::string& turn) {
  return turn.size() > 1 && turn[0] == '/' &&
         turn.find_first_not_of("abcdefghijklmnopqrstuvwxyz", 1) == std::string::npos;
}

void say(const RunOptions& options, Session& session, Chat& chat, const std::string& turn, ReceiptRecorder* recorder) {
  require_utf8("prompt", turn);
  const GenerateResult result = chat.say(turn, generate_options(options), write_out);
  write_out("\n");
  if (recorder) recorder->add_speed(result);
  throw_if_cancelled();
  report_answer(options, session, result);
}

// At a terminal neither Ctrl-C during an answer nor a turn that does not fit ends the conversation.
void say_and_stay(const RunOptions& options, Session& session, Chat& chat, const std::string& turn,
                  ReceiptRecorder* recorder) {
  try {
    say(options, session, chat, turn, recorder);
  } catch (const Cancelled&) {
    forget_interrupt();
    throw_if_cancelled();  // SIGTERM
    write_err("(stopped)\n");
  } catch (const ValueError& error) {
    note(error.what());
  }
}

}  // namespace

void converse(const RunOptions& options, Session& session, ReceiptRecorder* recorder) {
  std::optional<Chat> chat;
  chat.emplace(session, options.system);
  if (stdin_is_terminal()) write_err("/help tells the commands\n");
  LineReader lines;
  while (auto turn = read_turn(lines)) {
    if (turn->find_first_not_of(" \t\r\n") == std::string::npos) continue;
    if (*turn == "/exit") break;
    if (*turn == "/help") {
      write_err(kHelp);
    } else if (*turn == "/reset") {
      chat.emplace(session, options.system);
    } else if (is_command(*turn)) {
      write_err("unknown command " + *turn + "; /help tells the commands\n");
    } else {
      (stdin_is_terminal() ? say_and_stay : say)(options, session, *chat, *turn, recorder);
    }
  }
}

}  // namespace candor::cli
