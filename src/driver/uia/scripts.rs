//! What PowerShell is told to do, as text. Nothing here is run.

use super::worker::WORKER_PATH;
use base64::{Engine as _, prelude::BASE64_STANDARD};

/// How many bytes of a file one command carries: with all that becomes of them on the way, the
/// command stays shorter than any shell's longest.
pub(super) const PART: usize = 1_600;

/// The folder that files of mosdat lie in.
pub(super) const FOLDER: &str = r"C:\tmp";

/// Says the SHA-256 digest of the worker that is there, in hexadecimal; nothing when there is none.
pub(super) fn digest() -> String {
    format!(
        "$f='{WORKER_PATH}'\n\
         if([IO.File]::Exists($f)){{say 'digest' (Get-FileHash -LiteralPath $f -Algorithm SHA256).Hash}}\
         else{{say 'digest' ''}}"
    )
}

/// Writes a part of a file: the first makes it anew, the others go at its end.
pub(super) fn part(file: &str, bytes: &[u8], is_first: bool) -> String {
    let mode = if is_first { "Create" } else { "Append" };
    let text = BASE64_STANDARD.encode(bytes);
    format!(
        "[void][IO.Directory]::CreateDirectory('{FOLDER}')\n\
         $b=[Convert]::FromBase64String('{text}')\n\
         $f=[IO.File]::Open('{file}','{mode}')\n\
         try{{$f.Write($b,0,$b.Length)}}finally{{$f.Close()}}\n\
         say 'ok' ''"
    )
}

/// Gives a file that was written in parts its name, if it is what was sent.
pub(super) fn put(part: &str, file: &str, digest: &str) -> String {
    format!(
        "$d=(Get-FileHash -LiteralPath '{part}' -Algorithm SHA256).Hash\n\
         if($d -ne '{digest}'){{Remove-Item -LiteralPath '{part}';throw \"it arrived damaged: $d\"}}\n\
         Move-Item -LiteralPath '{part}' -Destination '{file}' -Force\n\
         say 'ok' ''"
    )
}

/// Starts the worker in the session of whoever logs in here, where that user is logged in at the
/// screen. It answers what is asked in `folder`.
pub(super) fn start(folder: &str, task: &str) -> String {
    let xml = task_xml(folder);
    format!(
        "[void][IO.Directory]::CreateDirectory('{folder}')\n\
         $u=[Security.Principal.WindowsIdentity]::GetCurrent().Name\n\
         $x='{xml}'.Replace('USER',[Security.SecurityElement]::Escape($u))\n\
         [void](Register-ScheduledTask -TaskName '{task}' -Xml $x -Force)\n\
         Start-ScheduledTask -TaskName '{task}'\n\
         say 'ok' $u"
    )
}

/// A task that runs with the token of a user who is logged in at the screen, and only then. It may
/// see windows of programs that run as administrator, where the user may.
fn task_xml(folder: &str) -> String {
    format!(
        "<Task version=\"1.2\" xmlns=\"http://schemas.microsoft.com/windows/2004/02/mit/task\">\
         <Principals><Principal id=\"user\"><UserId>USER</UserId>\
         <LogonType>InteractiveToken</LogonType><RunLevel>HighestAvailable</RunLevel></Principal></Principals>\
         <Settings><MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>\
         <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>\
         <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>\
         <ExecutionTimeLimit>PT0S</ExecutionTimeLimit><Hidden>true</Hidden></Settings>\
         <Actions Context=\"user\"><Exec><Command>powershell.exe</Command>\
         <Arguments>-NoProfile -NonInteractive -WindowStyle Hidden -ExecutionPolicy Bypass \
         -File {WORKER_PATH} serve {folder}</Arguments></Exec></Actions></Task>"
    )
}

/// Has the worker answer a question: as text in the command, or as a file that lies there already.
/// Says `reply` and the answer; or `late` when none came in time, and `taken` when the worker has
/// taken the question by then, so that what it asks for may be done yet.
pub(super) fn ask(
    folder: &str,
    number: u64,
    question: &Question<'_>,
    milliseconds: u128,
) -> String {
    let put = match question {
        Question::Text(text) => {
            let text = BASE64_STANDARD.encode(text);
            format!("[IO.File]::WriteAllBytes(\"$q.part\",[Convert]::FromBase64String('{text}'))\n")
        }
        Question::File => String::new(),
    };
    format!(
        "$q='{folder}\\req-{number}.json';$r='{folder}\\res-{number}.json'\n\
         {put}\
         [IO.File]::Move(\"$q.part\",$q)\n\
         $t=[Diagnostics.Stopwatch]::StartNew()\n\
         while(-not [IO.File]::Exists($r) -and $t.ElapsedMilliseconds -lt {milliseconds}){{Start-Sleep -Milliseconds 20}}\n\
         if([IO.File]::Exists($r)){{say 'reply' ([IO.File]::ReadAllText($r));[IO.File]::Delete($r)}}\n\
         else{{try{{[IO.File]::Move($q,\"$q.late\");[IO.File]::Delete(\"$q.late\");say 'late' ''}}catch{{say 'taken' ''}}}}"
    )
}

/// A question for the worker.
#[derive(Clone, Copy, Debug)]
pub(super) enum Question<'a> {
    /// The text of it.
    Text(&'a str),
    /// It lies in its file already, as `req-N.json.part`.
    File,
}

/// Says why a worker may not have started: the last result of its task, and who is logged in.
pub(super) fn explain(task: &str) -> String {
    format!(
        "$i=Get-ScheduledTaskInfo -TaskName '{task}'\n\
         $s=@(Get-Process explorer -ErrorAction SilentlyContinue).Count\n\
         say 'why' (\"its task ended with 0x{{0:X}}, and {{1}} desktops are open\" -f $i.LastTaskResult,$s)"
    )
}

/// Ends the worker, and removes what was made for it but the worker's own file.
pub(super) fn stop(folder: &str, task: &str) -> String {
    format!(
        "if([IO.Directory]::Exists('{folder}')){{[IO.Directory]::Delete('{folder}',$true)}}\n\
         Unregister-ScheduledTask -TaskName '{task}' -Confirm:$false -ErrorAction SilentlyContinue\n\
         say 'ok' ''"
    )
}
