"""What posts of each topic are set in: who acts, what it is about, when, and what they do there. Plain data.

Kinds and notation as in `simulation.phrases`.
"""

from simulation.phrases import TopicLexicon, pieces

TOPICS: dict[str, TopicLexicon] = {
    "business": TopicLexicon(
        actors=pieces("""the {chief executive|managing director}; the {finance|sales} director; a {retail|textile}
            manufacturer; the firm's founder; a {market|bank} analyst; the head of the {trade union|works council};
            a warehouse supervisor; the chairman of the board; an {exporter|importer}; a regional manager; the new
            {partner|shareholder}; a shop-floor manager; the company's {lawyer|auditor}; a wholesale dealer"""),
        subjects=pieces("""the {annual|quarterly} report; the merger; the order book; the {new|closed} factory; the
            supplier contract; the share price; the wage round; the {product|brand} launch; the takeover bid; the
            expansion abroad; the export licence; the office move; the {spring|autumn} sales figures"""),
        moments=pieces("""before the shareholders' meeting; during the quarterly call; on the factory floor; after
            the markets closed; at the {trade fair|industry forum}; while the contract was being drafted; at the
            head office; in the first week of the quarter; as the tender was opened; between two rounds of
            negotiation"""),
        doings=pieces("""signed the supplier contract; postponed the {merger|takeover}; raised the {sales|profit}
            forecast; reorganised the marketing department; opened a second warehouse; named a new managing
            director; published the quarterly figures; called an extraordinary board meeting; closed the regional
            office; hired a consulting firm; renegotiated the export deal; launched a cheaper product line; moved
            production abroad"""),
        scenery=pieces("""Analysts expect {steady|weaker} sales for the rest of the year; The shares closed almost
            unchanged; Competitors are watching the market closely; The board will decide at its next meeting;
            Further figures are due with the next quarterly report; The industry employs thousands in the region"""),
    ),
    "covid": TopicLexicon(
        actors=pieces("""the {chief|senior} epidemiologist; a {ward|night} nurse; an intensive-care doctor; the head
            of the vaccination centre; a {laboratory|hospital} technician; the health ministry's spokesman; a
            {pharmacist|virologist}; an ambulance driver; a patient in quarantine; the manager of the testing
            station; a volunteer at the vaccination point; a {family|country} doctor; a contact tracer; the
            infection-control officer"""),
        subjects=pieces("""the {second|third} wave; the lockdown; the vaccination campaign; the {Delta|Omicron}
            variant; the mask mandate; the quarantine; the testing station; the booster programme; the infection
            figures; the intensive-care unit; the covid certificate; the remote-work order; the pandemic"""),
        moments=pieces("""during the lockdown; while the quarantine lasted; in the queue for the vaccine; at the
            testing station; between two shifts on the covid ward; after the second dose; before the mask rule was
            lifted; as the infection numbers climbed; at the vaccination centre; on the fifth day of isolation"""),
        doings=pieces("""extended the quarantine; published the infection figures; opened another testing station;
            administered the booster dose; counted the free beds on the covid ward; reported a {rise|fall} in
            positive tests; recommended masks in shops; ordered a new batch of vaccine; sent the swabs to the
            laboratory; postponed the reopening; traced the contacts of the patient; lifted the mask rule"""),
        scenery=pieces("""Infection numbers have been {falling|rising} for two weeks; The vaccine is available
            without an appointment; Masks remain compulsory on the ward; The next pandemic briefing is planned for
            Friday; Most of those who tested positive had mild symptoms; Virologists are following the new variant"""),
    ),
    "entertainment": TopicLexicon(
        actors=pieces("""the {pop|folk} singer; a {stand-up|television} host; the band's drummer; a
            {talent-show|reality} finalist; the festival's organiser; a celebrity {chef|dancer}; the
            {rapper|guitarist}; a radio presenter; the star of the musical; the backing vocalist; a famous
            {model|influencer}; the tour manager; a quiz-show winner; the headline act"""),
        subjects=pieces("""the {reunion|farewell} tour; the debut album; the awards night; the talent show; the
            summer festival; the hit single; the new season of the series; the celebrity wedding; the concert; the
            music video; the charity gala; the backstage interview; the song contest"""),
        moments=pieces("""backstage after the show; during the live broadcast; on the red carpet; between two
            concerts; at the awards ceremony; before the curtain rose; in the recording studio; on the last night of
            the tour; during the commercial break; in front of {screaming|delighted} fans"""),
        doings=pieces("""released a new single; cancelled the second concert; sang the encore twice; announced a
            farewell tour; posed for the photographers; cut the duet from the album; signed autographs for the fans;
            turned down a television contract; opened the festival; rehearsed the dance number; won the audience
            vote; shot the music video in one take"""),
        scenery=pieces("""Tickets for the tour sold out in an hour; The single entered the charts at number four;
            Fans waited for autographs until midnight; The show returns next season with a new host; The album comes
            out in spring; The gala was broadcast live"""),
    ),
    "movie": TopicLexicon(
        actors=pieces("""the {director|screenwriter}; the leading actress; the film's hero; a {supporting|young}
            actor; the {cameraman|cinematographer}; the villain of the film; the studio's producer; the film critic;
            the stuntman; the narrator of the documentary; the heroine; the film composer; the editor of the
            picture; the casting director"""),
        subjects=pieces("""the {sequel|remake}; the opening scene; the {second|final} act; the screenplay; the
            director's cut; the {thriller|drama}; the premiere; the film adaptation; the soundtrack; the
            {silent|black-and-white} picture; the trilogy; the low-budget feature; the closing credits"""),
        moments=pieces("""in the opening scene; halfway through the film; before the final credits; on the film set;
            in the second act; at the premiere; in a long {tracking|close-up} shot; during the last reel; in the
            deleted scene; on the big screen"""),
        doings=pieces("""rewrote the ending of the script; stole every scene; played the part with restraint; shot
            the chase in a single take; left the best dialogue on the cutting-room floor; turned down the sequel;
            recut the trailer; cast an unknown actor in the lead; filmed in black and white; delivered the closing
            monologue; narrated the flashback; wrote the score in a week"""),
        scenery=pieces("""The camera work is {superb|uneven} and the pacing slow; The cast is better than the
            script; At two hours the picture runs a little long; Critics gave the film four stars; The soundtrack
            stays in the ear; The film opens in cinemas on Thursday"""),
    ),
    "politics": TopicLexicon(
        actors=pieces("""the {prime|foreign} minister; a {backbench|senior} deputy; the opposition leader; the mayor
            of the capital; a government spokeswoman; the {party|parliamentary} secretary; the governor; an election
            observer; the ambassador; the speaker of parliament; a {conservative|liberal} candidate; the cabinet
            member; a campaign adviser; the president's press secretary"""),
        subjects=pieces("""the {election|referendum}; the coalition talks; the immigration bill; the vote of
            confidence; the pension reform; the cabinet reshuffle; the party congress; the summit; the {state|city}
            budget debate; the constitutional amendment; the sanctions; the by-election; the parliamentary inquiry"""),
        moments=pieces("""during the parliamentary debate; on the eve of the election; at the party congress; before
            the vote; at the polling station; after the cabinet meeting; on the campaign trail; in the corridors of
            parliament; during the televised debate; between two rounds of coalition talks"""),
        doings=pieces("""withdrew the bill; called an early election; resigned from the cabinet; demanded a
            parliamentary inquiry; voted against the party line; addressed the congress; vetoed the amendment;
            announced a candidacy; left the coalition; defended the reform in parliament; met the ambassador;
            promised a referendum"""),
        scenery=pieces("""The vote in parliament is set for next week; Polls put the two parties level; The
            opposition has asked for a recount; Turnout was {higher|lower} than four years ago; The bill now goes to
            the upper house; The cabinet declined to comment"""),
    ),
    "sport": TopicLexicon(
        actors=pieces("""the head coach; the {goalkeeper|striker}; a {veteran|young} midfielder; the club's captain;
            the Olympic {swimmer|sprinter}; the tennis champion; the {national|away} team's trainer; a marathon
            runner; the {referee|linesman}; the club chairman; a heavyweight boxer; the {hockey|basketball} forward;
            the substitute; a figure skater"""),
        subjects=pieces("""the {cup|league} final; the transfer window; the away match; the championship; the
            {opening|last} game of the season; the penalty shoot-out; the training camp; the qualifying round; the
            relegation battle; the derby; the world record; the Olympic selection; the second half"""),
        moments=pieces("""before the cup final; in the dressing room; at half-time; on the training ground; after
            the final whistle; during the warm-up; in the ninetieth minute; on the substitutes' bench; between the
            heats; at the press conference after the match"""),
        doings=pieces("""scored from the penalty spot; named the squad for Saturday; saved two penalties; missed the
            qualifying heat; signed for a rival club; broke the national record; dropped the captain from the team;
            won in straight sets; changed the line-up at half-time; hit the post twice; cancelled the training
            session; finished on the podium"""),
        scenery=pieces("""The team is now third in the table; The return match is on Wednesday; The stadium was sold
            out; Two players remain doubtful for the weekend; The title will be decided in the last round; The crowd
            sang until the final whistle"""),
    ),
    "tech": TopicLexicon(
        actors=pieces("""the {lead|backend} developer; a {security|software} engineer; the {start-up's|app's}
            founder; the product designer; a {data|computer} scientist; the open-source maintainer; a
            {chip|hardware} designer; the support engineer; a beta tester; the {browser|platform} team's lead; a
            {gadget|smartphone} reviewer; the network administrator; a game programmer; the chief technology
            officer"""),
        subjects=pieces("""the {software|firmware} update; the product launch; the {smartphone|laptop} release; the
            data breach; the beta version; the search engine; the cloud migration; the {messaging|photo} app; the
            operating system; the open-source project; the user interface; the developer conference; the chip
            shortage"""),
        moments=pieces("""before the product launch; during the code review; at the developer conference; while the
            servers were rebooting; after the latest update; in the beta forum; between two software releases; in
            the server room; on the night of the migration; at the hackathon"""),
        doings=pieces("""rolled back the update; rewrote the login page; published the source code; patched the
            browser; shipped the beta version; delayed the smartphone launch; migrated the database; switched the
            servers to a new chip; removed the tracking pixels; redesigned the home screen; closed four hundred bug
            reports; released the app for tablets"""),
        scenery=pieces("""The update reaches users in stages; The source code is public; The app has been downloaded
            two million times; Older handsets will not get the new version; The beta programme ends in a month;
            Developers can test the interface today"""),
    ),
}
TOPIC_NAMES: tuple[str, ...] = tuple(TOPICS)
