"""Phrases of six themes of the wider world. Plain data; kinds and notation as in `simulation.phrases`."""

from simulation.phrases import ThemeLexicon, pieces

NATURE = ThemeLexicon(
    deeds=pieces("""planted {an oak|an apple tree|tulips|a hawthorn hedge}; watched {cranes|swallows|starlings|bats}
        at dusk; walked barefoot through {wet grass|clover|dunes}; rescued a {hedgehog|fledgling|tortoise|squirrel};
        swam in a {mountain lake|lagoon|waterfall}; listened to the {owls|nightingales|crickets|bullfrogs}; slept
        under the {stars|pines}; gathered {mushrooms|cranberries|driftwood|acorns}; fed the
        {ducks|swans|sparrows|carp}; followed {a fox|a badger|an elk}'s tracks; pruned the {roses|vines|lilac};
        photographed a {wild orchid|kingfisher|dragonfly|heron|stork}; took shelter from the
        {thunderstorm|hail|blizzard|downpour}; rowed through the {reeds|mangroves|water lilies}; adopted a stray
        {dog|kitten|greyhound}; collected {shells|amber|pebbles|pine cones} on the shore; waited for the
        {tide|sunrise|eclipse}; sat beneath an old {willow|chestnut|cedar}; cleared plastic from the
        {river|reef|estuary}; dug the vegetable patch; spotted a {lynx|wolf|wild boar|bison} at dawn; climbed the
        {ridge|volcano|cliff}; kept {bees|hens|goats} behind the house; stroked a {purring cat|foal|lamb}; raked the
        fallen leaves; watered the {ferns|geraniums|seedlings}; tagged {sea turtles|puffins|sturgeon}; saved a
        stranded {whale|porpoise|seal pup}; breathed the scent of {pine needles|jasmine|hay}; studied
        {beetles|lichens|coral}"""),
    things=pieces("""a {pine|birch|beech|bamboo} forest; migrating {geese|salmon|reindeer}; the first
        {snow|frost|snowdrops}; a meadow full of {wildflowers|poppies|grasshoppers}; stray {dogs|kittens}; the smell
        of {damp earth|rain|seaweed}; a glacier in retreat; {seals|walruses|pelicans} on the sandbank; the full moon
        over the hills; a {drought|heatwave|flood} without end; {butterflies|ladybirds|bumblebees} in the garden; an
        overgrown {riverbank|pond|hedgerow}; a herd of {deer|elephants|zebras|buffalo}; spring {blossom|thaw}; waves
        against the cliffs; endangered {species|tigers|pandas|gorillas}; an {eagle|osprey|falcon}'s nest; autumn
        {leaves|gales|mist}; a pod of {dolphins|orcas}; {moss|ivy} on old stones; the howling of {wolves|the wind};
        a rainbow after the shower; melting {ice|permafrost|snowfields}; clean air and birdsong; the
        {rainforest|savannah|tundra|steppe|taiga}; {swamps|peat bogs|wetlands}; {earthquakes|tornadoes|avalanches};
        {ants|spiders|wasps}; {lizards|frogs|newts}; {otters|beavers|moles};
        {daffodils|violets|cornflowers|sunflowers}; {cypresses|maples|poplars}; {climate|wildlife|biodiversity};
        {meteors|the northern lights|the Milky Way}; a {canyon|fjord|coral reef|geyser}"""),
    scenes=pieces("""a storm rolled in from the sea; the {lilac|magnolia|heather} was in bloom; snow covered the
        {fields|rooftops|firs}; the river burst its banks; a {woodpecker|cuckoo|blackbird} could be heard in the
        park; frost glittered on the branches; the sun set behind the {mountains|dunes}; the {wind|gale} shook the
        trees; {wild geese|herons|bats} passed overhead; the {cherry|almond} orchard blossomed; a
        {bear|wolverine|moose} had been seen in the valley; {fog|mist} rose from the marsh; the
        {puppies|foxes|hares} played in the meadow; {lightning|hail} split the old oak; the lake froze over"""),
)

TECHNOLOGY = ThemeLexicon(
    deeds=pieces("""soldered a broken {circuit|transistor}; built a {robot|drone|telescope|synthesiser}; forgot the
        {password|PIN code}; charged the {batteries|power bank}; tinkered with an old
        {engine|radio|typewriter|gramophone}; 3D-printed a {spare part|gearwheel}; wired up the
        {sensors|loudspeakers|amplifier}; lost all the files on the {hard disk|memory stick}; trusted the
        {algorithm|autopilot|satnav}; ran the numbers on a {supercomputer|spreadsheet}; recharged an electric
        {car|bicycle}; installed a {satellite dish|thermostat|router|heat pump}; programmed a {simple bot|vending
        machine|dishwasher}; rebooted the {machine|modem}; patented {an invention|a valve|a turbine}; mounted a
        {camera|webcam|antenna} on a helmet; unplugged every {device|gadget|appliance}; let artificial intelligence
        decide; typed on a cracked {screen|keyboard|tablet}; scanned the {barcode|QR code}; swapped the
        {processor|graphics card|circuit board}; tested a {self-driving car|hydrogen bus|hoverboard}; hacked
        together a prototype; calibrated the {laser|oscilloscope|microscope}; wrote a {script|compiler|chatbot};
        oiled the {gears|pistons|ball bearings}; streamed everything in {high definition|virtual reality}; encrypted
        the {messages|backups}; welded a {steel frame|titanium hinge}; uploaded the {data|blueprints}; pressed the
        {reset|power} button"""),
    things=pieces("""a humming {generator|server|transformer}; solar {panels|cells}; {wireless|noise-cancelling}
        headphones; a flat battery; artificial intelligence; machine learning; a tangle of {cables|wires|extension
        cords}; the latest {gadget|handset|console}; a satellite link; an automatic {pilot|gearbox}; touch
        {screens|pads}; a crashed {computer|hard drive}; robots that never tire; digital {twins|assistants|maps}; a
        faulty {microchip|fuse|relay}; virtual-reality {goggles|gloves}; a {blueprint|patent} for a new motor; big
        data; an electric {scooter|motor|shaver}; nuclear {fusion|reactors}; a fleet of {drones|driverless taxis};
        optical {fibre|sensors}; quantum computing; a clever {algorithm|app|circuit}; the smart
        {watch|fridge|meter}; {semiconductors|nanotubes|lithium}; {bluetooth|broadband|radar|sonar};
        {software|spyware|firmware} updates; {turbines|compressors|hydraulics}; {rockets|space probes|satellites};
        {cyborgs|androids|humanoids}; {automation|robotics|cybernetics}; {pixels|megabytes|bandwidth};
        {blockchain|cryptography|neural networks}; a {jet engine|magnetic train|wind turbine};
        {inventors|engineers|programmers}; {telephones|fax machines|floppy disks}"""),
    scenes=pieces("""the {wi-fi|internet connection|router} kept dropping; the robot arm got stuck; a software
        {glitch|bug} stopped everything; the {drone|quadcopter} circled overhead; the engineers replaced the
        {motor|gearbox|turbine}; the {screen|monitor|display} went black; the {sensors|dials|gauges} gave strange
        readings; the {printer|projector} ran hot; the {backup|encryption} had failed; the computer made the final
        call; the new {machine|dynamo} hummed quietly; the {gadget|headset|phone} needed charging; the
        {robot|chatbot} answered politely; a {virus|trojan} wiped the disk; the {circuit|server} overheated"""),
)

HISTORY = ThemeLexicon(
    deeds=pieces("""quoted {Napoleon|Cicero|Churchill|Catherine the Great|Marcus Aurelius}; dug in the
        {archives|ruins|catacombs}; recalled the fall of {the Berlin Wall|Constantinople|Rome|the Bastille};
        restored a medieval {manuscript|fresco|chapel}; unveiled a {monument|statue|memorial plaque}; dusted off a
        forgotten {diary|chronicle}; compared it with the {twenties|sixties|Victorian age}; visited a
        {castle|battlefield|mausoleum|monastery}; collected antique {coins|clocks|swords}; traced a legend back to
        the {Vikings|Phoenicians|Mongols|Crusaders}; laid a wreath for the {fallen|unknown soldier}; reenacted a
        {tournament of knights|Napoleonic battle}; mentioned the {tsars|pharaohs|sultans|Bourbons}; leafed through
        yellowed {newspapers|parchments}; cited a decree of the old {empire|kingdom|republic}; kept a relic from the
        {trenches|siege|gold rush}; told of the great {fire|plague|famine} centuries ago; deciphered an ancient
        {inscription|papyrus|hieroglyph}; commemorated the {centenary|armistice|coronation}; praised the builders of
        the {pyramids|aqueducts|cathedrals}; found a Roman {mosaic|helmet|amphora}; preserved a {steam
        locomotive|windmill|galleon}; revived a forgotten {tradition|dialect}; wore a {corset|toga|suit of armour};
        lectured on {Stalin|Bismarck|Cleopatra|Genghis Khan}; wrote memoirs of the {occupation|blockade|exile};
        honoured the {veterans|partisans|suffragettes}; studied {genealogy|old maps|heraldry}"""),
    things=pieces("""the {Roman|Ottoman|Byzantine|Habsburg|Mongol} empire; a faded {photograph|tapestry|fresco};
        ancient {Greece|Egypt|Babylon|Persia|Troy}; the revolution of a century ago; old {maps|legends|chronicles};
        the Middle Ages; veterans of the last war; a crumbling {fortress|palace|abbey}; the lessons of the past;
        forgotten {heroes|kingdoms|wars}; royal {dynasties|portraits}; an archaeological {find|dig}; the {Cold
        War|Iron Curtain|Prohibition}; the golden age of {steam|sail|chivalry}; chronicles in Latin; a statue of a
        {general|duke|conquistador}; the legacy of {colonial rule|serfdom}; memories of the old regime; a museum of
        {curiosities|antiquities}; the {Renaissance|Reformation|Enlightenment|Inquisition}; an heirloom
        {sword|pocket watch}; ancestral {portraits|graves}; the first {railway|printing press|telegraph};
        {Stone|Bronze} Age tools; a century-old {tradition|oath}; {gladiators|samurai|musketeers|cossacks};
        {emperors|czars|viceroys}; {pyramids|obelisks|amphitheatres}; {Waterloo|Borodino|Stalingrad|Verdun};
        {Columbus|Magellan|Marco Polo}; {fossils|dinosaurs|mammoths}; {Aztecs|Incas|Vikings|Etruscans};
        {guillotines|muskets|chariots}; {folklore|mythology|antiquity}; the {tomb|sword|seal} of a king"""),
    scenes=pieces("""the {anniversary|jubilee|centenary} was being marked; the old cathedral bell rang;
        archaeologists opened a {tomb|crypt|sarcophagus}; a hundred years had passed; the museum opened a new wing;
        eyewitnesses told of the {war|blockade|revolution}; the past caught up with the present; a time capsule was
        opened; the {ruins|ramparts|catacombs} were open to visitors; the last {survivor|veteran|tsarist officer}
        died; the portraits of the {kings|archdukes} looked down; an old {legend|prophecy} was proved true; the
        {empire|monarchy|dynasty} had long fallen; historians argued about the {treaty|battle}; a medieval
        {sword|crown} was found"""),
)

TRAVEL = ThemeLexicon(
    deeds=pieces("""missed the {night train|last ferry|connecting flight}; packed a single {suitcase|rucksack|duffel
        bag}; hitch-hiked to {Lisbon|Tbilisi|Marrakesh|Sarajevo}; unfolded a {road map|city plan}; boarded a plane
        to {Tokyo|Havana|Nairobi|Reykjavik|Lima}; lost {a passport|the luggage}; booked a
        {cabin|bungalow|guesthouse} by the fjord; drove all night through the {desert|pampas|outback}; sent a
        postcard from {Naples|Bali|Honolulu|Bruges}; got stuck at {the border|customs|passport control}; explored
        the old {bazaar|medina|harbour quarter}; rented a {camper van|moped|gondola|houseboat}; crossed the
        {Alps|Andes|Sahara|Pyrenees} on foot; checked into a {cheap hostel|motel|ryokan}; changed trains four times;
        haggled with a {taxi driver|rickshaw man} abroad; sailed around {the cape|Tasmania|the Cyclades}; slept in
        an airport lounge; toured the {islands|vineyards of Tuscany|Baltic capitals}; backpacked through
        {Vietnam|Bolivia|Nepal|Morocco|Laos}; asked a stranger for directions; took the {scenic route|cable
        car|funicular}; applied for a visa; cycled along the {Danube|Rhine|Camino}; pitched a tent; flew to
        {Bangkok|Buenos Aires|Cape Town|Toronto}; strolled through {Venice|Montmartre|Istanbul}; booked a
        {cruise|safari|package tour}; collected boarding passes; emigrated to {Canada|Australia|Brazil}"""),
    things=pieces("""a delayed {flight|train|coach}; lost {luggage|suitcases}; the {Trans-Siberian|Orient} express;
        distant {islands|shores|archipelagos}; jet lag; a one-way ticket; a hotel without windows; the open road;
        stamps in a passport; a caravan of camels; a crowded {ferry|minibus|departure lounge}; a guidebook in the
        wrong language; foreign {cities|ports|lands}; a {honeymoon|Caribbean} cruise; the view from the {cable
        car|Eiffel Tower|gondola}; a customs officer; {souvenirs|postcards|fridge magnets}; a stopover in
        {Dubai|Singapore|Frankfurt}; wanderlust; a bus tour along the {coast|Riviera}; holiday snapshots; a tent
        beside the motorway; the departure board; unknown {lands|shores}; a long {voyage|pilgrimage|expedition};
        {Paris|Barcelona|Prague|Vienna} in spring; {Machu Picchu|Angkor Wat|Petra|the Taj Mahal};
        {backpackers|sightseers|nomads|globetrotters}; {Madagascar|Zanzibar|Fiji|the Maldives}; {airports|railway
        stations|harbours}; {sleeping cars|stagecoaches|tuk-tuks}; {stewardesses|tour guides|hotel porters};
        {sightseeing|camping|island hopping}; {campsites|holiday villas|beach resorts};
        {Iceland|Patagonia|Mongolia|Kamchatka}; {seasickness|homesickness} far from home; a round-the-world
        {trip|ticket}"""),
    scenes=pieces("""the {flight|ferry|sleeper train} was cancelled; the {train|coach|convoy} crossed the border at
        dawn; the {suitcase|rucksack} went missing; the {harbour|lighthouse|skyline of Hong Kong} came into view;
        {tourists|pilgrims|sightseers} filled the square; the taxi took a wrong turn; the {hotel|hostel|campsite}
        was fully booked; the ship left without them; the visa arrived just in time; the journey took eleven hours;
        the road ended at a lagoon; the airport was closed; the {caravan|steamer} reached
        {Samarkand|Casablanca|Odesa}; the plane landed in {Oslo|Delhi|Beirut}; the {compass|guidebook} got lost"""),
)

LEARNING = ThemeLexicon(
    deeds=pieces("""{sat|failed|passed} an exam; learned {Latin|Chinese|Braille|calligraphy} at night; went back to
        {university|college|school}; taught a class of {beginners|first-graders}; filled a notebook with
        {formulas|vocabulary|footnotes}; corrected a pupil's {homework|essay|dictation}; borrowed a stack of
        {library books|textbooks}; won a {scholarship|spelling bee|chemistry olympiad}; asked the
        {professor|lecturer} a question; dropped out of college; practised {scales|handwriting|declensions} for
        hours; defended a {thesis|dissertation}; read {an encyclopedia|Plato|an atlas} from cover to cover;
        memorised {a poem|the periodic table|irregular verbs}; tutored a struggling {student|freshman}; took lessons
        from an old master; studied {algebra|philosophy|botany|linguistics|anatomy} by candlelight; solved {an
        equation|a riddle} on the blackboard; enrolled in {an evening course|a seminar|night school}; handed out
        {certificates|report cards} to graduates; drew a diagram for the apprentices; took notes at a
        {lecture|colloquium}; revised for the {final test|resit}; mastered the {alphabet|multiplication
        table|violin}; explained {fractions|gravity|syntax} patiently; sharpened the pencils; marked forty
        {essays|papers}; raised a hand like a schoolchild; graduated {with honours|at the top of the class}; looked
        it up in the {dictionary|glossary}"""),
    things=pieces("""a {strict|patient|retired} teacher; unfinished {homework|coursework}; an evening course; the
        school of hard knocks; a crowded {lecture hall|classroom}; multiplication tables; a {diploma|doctorate} on
        the wall; spelling {mistakes|rules}; the joy of reading; a {chemistry|physics} experiment; lecture notes; a
        curious {pupil|schoolboy|undergraduate}; a {dictionary|thesaurus|textbook}; grammar {exercises|drills}; the
        entrance {exam|interview}; a scientific {theory|paper|hypothesis}; a gifted {apprentice|prodigy};
        {kindergarten|primary-school} lessons; a geometry proof; an absent-minded {professor|scholar};
        {piano|fencing|drawing} lessons; a mentor's patience; {knowledge|wisdom} for its own sake; the graduation
        {speech|gown}; a study of human behaviour; {algebra|trigonometry|calculus|logarithms};
        {biology|geology|astronomy|sociology}; {chalk|blackboards|exercise books}; {literacy|education|curiosity};
        {essays|quizzes|dictations}; {students|freshmen|alumni}; {semesters|syllabuses|tuition};
        {Socrates|Aristotle|Confucius} and his disciples; the {headmistress|librarian|tutor};
        {Einstein|Newton|Darwin}'s notebooks; {rote learning|cramming|swotting}"""),
    scenes=pieces("""the {school|lunch} bell rang for class; {exams|finals|entrance tests} were only a week away;
        the library stayed open all night; the teacher wrote one word on the {board|blackboard}; every pupil raised
        a hand; the {lecture|seminar} ran over time; the {students|sophomores} took notes; the {textbooks|globes}
        were out of date; term had just begun; the {scholarship|diploma} came through; the {experiment|proof} worked
        at last; the {apprentices|trainees} understood nothing; the {professor|examiner} asked a trick question; the
        class recited {Pushkin|Homer|the alphabet}; a schoolgirl found the {error|answer}"""),
)

CRIME = ThemeLexicon(
    deeds=pieces("""{found|hid} a {gun|knife|revolver|crowbar}; called the {police|sheriff|Interpol}; picked a lock;
        testified in court; forged a {signature|passport|will}; fled through the back window; bribed a
        {guard|customs man|juror}; was arrested {at gunpoint|in a dawn raid}; smuggled
        {diamonds|cigarettes|cocaine|ivory}; left {fingerprints|bloodstains} behind; hired a private detective;
        spent a night in {a cell|custody|jail}; confessed to the {theft|stabbing|forgery}; vanished with the
        {loot|ransom}; recognised the {burglar|culprit|strangler}; was blackmailed by a {swindler|gangster};
        received an anonymous death threat; escaped from {prison|the penal colony}; set fire to the evidence; lied
        under oath; wore a {wire|ski mask|bulletproof vest}; witnessed a {robbery|shooting|hit-and-run}; pleaded
        {guilty|not guilty}; offered a reward for the stolen {painting|necklace|violin}; {shoplifted|pickpocketed}
        for years; {poisoned|drugged|ambushed} the watchman; buried the {corpse|weapon}; posed as {an undercover
        cop|a con man}; laundered the {proceeds|takings} of a heist; broke into a {vault|villa|jeweller's}"""),
    things=pieces("""a {stolen|bloodstained} {coat|car}; an unsolved {murder|disappearance}; the {alibi|motive};
        {fingerprints|footprints|DNA traces}; a {kidnapping|stabbing|hijacking}; masked {robbers|gunmen}; a corrupt
        {judge|policeman}; a police {raid|sketch|informer}; forged {documents|banknotes}; a long prison sentence;
        the missing {witness|body}; {drug|arms|people} smugglers; a burglary at night; an undercover agent; a
        getaway {car|driver}; {poison|arsenic|cyanide} in the glass; organised crime; {handcuffs|iron bars}; a
        suspect's lawyer; the perfect heist; a {pickpocket|shoplifter|safecracker}; false testimony; a crime scene;
        a serial {killer|offender|arsonist}; {arson|fraud|perjury|embezzlement|extortion}; the
        {mafia|triads|yakuza}; {gangsters|thugs|hitmen}; {detectives|prosecutors|forensic experts};
        {jail|probation|a life sentence}; {hostages|ransom notes}; {pistols|daggers|sawn-off shotguns};
        {pirates|poachers|bandits|outlaws}; {con artists|counterfeiters|impostors}; {vandalism|graffiti|looting};
        {homicide|manslaughter|assault}; {Sherlock Holmes|Al Capone|Jack the Ripper}"""),
    scenes=pieces("""the {thief|burglar|fugitive} got away; {sirens|police dogs} could be heard; the {safe|vault}
        had been cracked; a {body|corpse|severed hand} was found in the canal; {detectives|inspectors} searched the
        rooms; the jury returned a verdict; the {suspect|defendant} denied everything; the {burglar|silent} alarm
        went off; a shot rang out; the {witness|informer} disappeared; the police closed the street; the
        {painting|crown jewels} had been stolen; the {hostages|captives} were freed; a {hitman|kidnapper} was
        caught; the {judge|magistrate} passed sentence"""),
)
