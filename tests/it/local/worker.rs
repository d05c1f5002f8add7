//! The program that scenarios call by themselves to ask about widgets: each desktop has its own
//! answers, although they share the file.

use super::{
    driven::real_world,
    world::{World, gtk_program, shell, window},
};
use mosdat::{
    model::{MachineName, Session},
    port::{Exit, Guest, Process},
    run::{WORKER_PATH, offer_worker},
};

async fn open(world: &World, title: &str) -> (Box<dyn Guest>, Box<dyn Process>) {
    let guest = world.open(Session::X11).await;
    let script = format!("window = Gtk.Window(title='{title}'); window.add(Gtk.Label(label='x'))");
    let program = guest.start(&gtk_program(&script)).await.unwrap();
    window(&*guest, title).await;
    (guest, program)
}

#[tokio::test]
async fn desktops_that_run_at_once_ask_the_same_file_and_see_their_own_widgets() {
    let worlds = [real_world(), real_world()];
    let (one, two) = tokio::join!(open(&worlds[0], "One"), open(&worlds[1], "Two"));
    let machine = MachineName::new("desktop");
    let (offered, again) = tokio::join!(
        offer_worker(&*one.0, &machine),
        offer_worker(&*two.0, &machine),
    );
    offered.unwrap();
    again.unwrap();
    for ((guest, program), (own, other)) in [(one, ("One", "Two")), (two, ("Two", "One"))] {
        let ask = |title: &str| {
            format!(
                "python3 {WORKER_PATH} '{{\"ops\":[{{\"id\":\"f\",\"op\":\"wait_for\",\
                 \"timeout_ms\":2000,\"any\":[{{\"role\":\"frame\",\"name\":\"{title}\"}}]}}]}}'"
            )
        };
        let seen = shell(&*guest, &ask(own)).await;
        assert_eq!(seen.exit, Some(Exit::Code(0)), "{}", seen.text);
        assert!(seen.text.contains("\"ok\": true"), "{}", seen.text);
        let seen = shell(&*guest, &ask(other)).await;
        assert_eq!(seen.exit, Some(Exit::Code(1)), "{}", seen.text);
        assert!(seen.text.contains("\"ok\": false"), "{}", seen.text);
        program.end().await;
        guest.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_file_that_is_there_already_is_made_right() {
    let world = real_world();
    let guest = world.open(Session::None).await;
    let spoil =
        format!("echo nonsense > {WORKER_PATH}.spoilt && mv -f {WORKER_PATH}.spoilt {WORKER_PATH}");
    shell(&*guest, &spoil).await;
    let machine = MachineName::new("desktop");
    offer_worker(&*guest, &machine).await.unwrap();
    let right = format!("head -1 {WORKER_PATH} | grep python3 && ! ls {WORKER_PATH}.*");
    let looked = shell(&*guest, &right).await;
    assert_eq!(looked.exit, Some(Exit::Code(0)), "{}", looked.text);
    guest.close().await.unwrap();
}
