package io.quartet.cli;

import io.quartet.cli.Console.Style;
import io.quartet.cli.report.Sample;
import io.quartet.cli.run.RunView;
import io.quartet.recipe.ServeSection;
import io.quartet.v1.CheckpointPublished;
import io.quartet.v1.Message;
import io.quartet.v1.Role;
import io.quartet.v1.Stage;
import java.util.List;

/** Lets the base, SFT and RL models of a run answer the same questions, through the gateway. */
final class HeldOutQuestions {
  private static final int QUESTIONS = 3;

  private final Console console;
  private final Gateway gateway;
  private final ServeSection serve;

  HeldOutQuestions(Console console, Gateway gateway, ServeSection serve) {
    this.console = console;
    this.gateway = gateway;
    this.serve = serve;
  }

  void ask(RunView view) throws InterruptedException {
    String base = id(view, Stage.STAGE_BASE);
    String sft = id(view, Stage.STAGE_SFT);
    String rl = id(view, Stage.STAGE_RL);
    for (String model : List.of(base, sft, rl)) {
      gateway.await(model);
    }
    console.line("");
    console.line("Questions that no stage has trained on, answered by the gateway:");
    for (Sample sample : Sample.of(view).stream().limit(QUESTIONS).toList()) {
      console.line("");
      console.line(console.styled(Style.BOLD, sample.question()));
      begin("base", Style.FAINT);
      gateway.complete(
          base,
          sample.basePrompt(),
          List.of("\n"),
          serve,
          console.out()::print,
          new Gateway.Stop());
      console.line("");
      begin("sft", Style.FAINT);
      gateway.chat(sft, conversation(sample), serve, console.out()::print, new Gateway.Stop());
      console.line("");
      begin("rl", Style.GREEN);
      gateway.chat(rl, conversation(sample), serve, console.out()::print, new Gateway.Stop());
      console.line("");
      if (!sample.reference().isEmpty()) {
        begin("ideal", Style.FAINT);
        console.line(sample.reference());
      }
    }
  }

  private void begin(String name, Style style) {
    console.out().print("  " + console.styled(style, "%-6s".formatted(name)));
    console.out().flush();
  }

  private static String id(RunView view, Stage stage) {
    return view.result(stage).map(CheckpointPublished::getCheckpointId).orElseThrow();
  }

  private static List<Message> conversation(Sample sample) {
    return List.of(
        Message.newBuilder().setRole(Role.ROLE_USER).setContent(sample.question()).build());
  }
}
