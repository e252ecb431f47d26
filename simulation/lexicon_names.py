"""Short names of what belongs to each theme, most of them used by a handful of posts only. Plain data.

They read after "about" as well as before "and": plurals, names and things without number.
"""

from simulation.phrases import pieces

NAMES: dict[str, tuple[str, ...]] = {
    "money": pieces("""remittances; usury; capital gains; stockbrokers; the treasury; a payslip; price hikes;
        cashback; the central bank; budget deficits; microloans; pension funds; an auctioneer; venture capital;
        audits; tax havens; insolvency; subsidies; coupons; a bank robber's ransom in cash; moneylenders; credit
        cards; a mint; piggy banks; wage earners; the Rothschilds; Wall Street; thousand-rouble notes; a windfall;
        penniless artists; paupers; philanthropy; the jackpot; a flea-market bargain; tuition fees; insurance
        premiums; breadwinners; price wars; solvency; shareholders' greed; bookmakers' odds; black-market rates;
        bonuses; unpaid overtime; minimum wages; gold bars; a hefty surcharge; lucrative contracts; consumer debt;
        ledgers; foreclosure; cryptocurrency; an expense account; freebies; pawn tickets; a spendthrift; misers;
        frugality; dollars and cents; a rent rebate; alms; moneyboxes; toll charges; cash machines; the lira; the
        yen; rupees; pesos; a fiver; a bounced payment; splurging; tips; arrears; profiteers; a price freeze; a
        sinking fund; annuities; a shoestring budget; red ink; the poorhouse; invoices; bullion; the breadline; net
        worth; tycoons; cheapskates"""),
    "family": pieces("""godchildren; goddaughters; weddings; baby showers; family albums; breastfeeding; toddlers;
        schoolchildren at breakfast; a firstborn; matrimony; vows; custody battles; foster children; step-siblings;
        Mother's Day; Father's Day; birthdays; lullabies; pacifiers; crawling babies; sibling jealousy; a surrogate
        mother; grandsons; granddaughters; great-grandchildren; a big sister; a little brother; engagement rings;
        bridesmaids; a best man; an elopement; polygamy; adoption papers; parenthood; housewives; househusbands;
        empty nesters; a hen-pecked husband; ex-wives; childcare; playpens; prams; diapers; potty training;
        babyhood; tantrums; pocket-sized pyjamas; a treehouse for the boys; family dinners; kinsfolk; a matriarch;
        patriarchs; widowhood; bachelors; spinsters; a mummy's boy; runaway teenagers; puberty; curfews; obedience;
        spoiled brats; bedtime; tucking in; cuddles; christening gowns; golden weddings; family names; maiden names;
        a dynasty of midwives; aunties; stepchildren; fertility; ultrasound pictures; contractions; premature
        babies; home birth; a wet nurse; the nursery; kindred; doting grandparents; an heir apparent; orphanages;
        brotherhood; sisterhood; love at home"""),
    "conflict": pieces("""warmongers; hecklers; provocations; combat; trench warfare; counter-attacks; infighting;
        deadlock; discord; antagonism; animosity; riots; riot shields; tear gas; barricades; pickets;
        strikebreakers; cannonades; bombardment; guerrillas; snipers; militias; deserters; peacekeepers; prisoners
        of war; a coup; treason; conspiracies; a witch hunt; scapegoats; bullies; tyrants; despots; oppression;
        defiance; disobedience; hot-headed duellists; fisticuffs; wrestling matches for power; headlocks; black
        eyes; bloodshed; casualties; surrender; capitulation; reprisals; sanctions and threats; sabre-rattling; an
        arms race; missiles; landmines; grenades; tanks; frontlines; no man's land; rancour; bitterness; spite;
        jealous rivals; backbiting; slander; libel; gossip; smear campaigns; heckling; jeers; catcalls; yelling;
        ranting; temper tantrums; cold shoulders; silent treatment; ostracism; estrangement; divisive slogans;
        polarisation; disputes; grievances; objections; a veto; lawsuits; litigation; a court battle; arbitration; a
        hunger strike; dissenters; heresy; zealots; fanatics"""),
    "nature": pieces("""jackdaws; magpies; robins; larks; wrens; finches; ravens; seagulls; albatrosses; flamingos;
        parakeets; hummingbirds; woodlice; earthworms; centipedes; moths; fireflies; cicadas; locusts; mayflies;
        weasels; martens; polecats; raccoons; hamsters; dormice; field mice; chipmunks; kangaroos; koalas; giraffes;
        rhinos; hippos; leopards; jaguars; cheetahs; hyenas; jackals; antelopes; gazelles; yaks; llamas; alpacas;
        mustangs; salamanders; geckos; chameleons; crocodiles; pythons; vipers; octopuses; jellyfish; starfish; sea
        urchins; barracudas; pike; perch; eels; stingrays; plankton; kelp; anemones; dandelions; buttercups;
        primroses; bluebells; crocuses; hyacinths; peonies; dahlias; marigolds; foxgloves; nettles; thistles;
        brambles; juniper; rowan trees; larches; spruces; aspens; eucalyptus; baobabs; palm groves; cactuses; ferns;
        toadstools; truffle oaks; moorland; prairies; oases; quicksand; stalactites; icebergs; monsoons; typhoons;
        drizzle; icicles; dewdrops; sunbeams; twilight; comets; sunsets; rock pools; waterfalls; whirlpools;
        lagoons; ravines; pastures; vineyards"""),
    "health": pieces("""sciatica; lumbago; tinnitus; psoriasis; acne; warts; corns; bunions; varicose veins;
        haemorrhoids; ulcers; appendicitis; gallstones; cirrhosis; jaundice; cataracts; glaucoma; short-sightedness;
        conjunctivitis; sinusitis; laryngitis; whooping cough; scarlet fever; mumps; chickenpox; rabies; tetanus;
        typhoid; dysentery; cholera; scurvy; rickets; osteoporosis; scoliosis; slipped discs; whiplash; sprains;
        cramps; frostbite; sunstroke; dehydration; food poisoning; indigestion; constipation; flatulence; bedsores;
        menopause; miscarriage; infertility; postnatal blues; phobias; schizophrenia; autism; sleepwalking; night
        sweats; palpitations; arrhythmia; angina; thrombosis; embolism; hypertension; sepsis; gangrene; amputation;
        dialysis; chemotherapy; radiotherapy; hypnosis; homeopathy; massages; reflexology; saunas; detox cures;
        dieting; calories; jogging; aerobics; Pilates; meditation; mindfulness; cod-liver oil; zinc tablets; eye
        drops; nasal sprays; inhalers; enemas; injections; drips; catheters; dentures; braces; contact lenses;
        orthopaedic shoes; hot-water bottles; sick notes; convalescence; paediatricians; gynaecologists;
        psychiatrists; oncologists; urologists; podiatrists; dieticians; masseurs; first aid; life expectancy"""),
    "technology": pieces("""gyroscopes; thermometers with sensors; barcodes; USB sticks; hard drives; motherboards;
        diodes; capacitors; resistors; electromagnets; superconductors; actuators; servos; dynamos; alternators;
        carburettors; crankshafts; cogwheels; conveyor belts; cranes; excavators; bulldozers; forklifts; lathes;
        milling machines; soldering irons; drills; vacuum cleaners; toasters; microwave ovens; tumble dryers; air
        conditioning; lifts; escalators; traffic lights; parking sensors; dashcams; navigation systems;
        walkie-talkies; megaphones; loudspeakers; turntables; tape recorders; video recorders; pocket calculators;
        abacuses; punch cards; mainframes; laptops; tablets; e-readers; joysticks; game consoles; holograms; lasers;
        X-band radar; night-vision goggles; telescopes; microscopes; particle accelerators; centrifuges; reactors;
        gas turbines; hydropower; wind farms; biofuel; fuel cells; hybrid engines; airships; hovercraft; submarines;
        bathyscaphes; space stations; lunar rovers; booster rockets; parachutes; ejector seats; black boxes; speech
        recognition; face recognition; deepfakes; spam filters; firewalls; cookies and trackers; cloud storage;
        source code; databases; spreadsheets; search robots; podcasts; emojis on a keyboard; exoskeletons; nanobots;
        pneumatic tubes; Morse code; transistor radios"""),
    "history": pieces("""Julius Caesar; Nero; Hannibal; Attila; Charlemagne; Saladin; Tamerlane; Ivan the Terrible;
        Peter the Great; Rasputin; Lenin; Trotsky; Garibaldi; Robespierre; Marie Antoinette; Louis the Sun King;
        Henry the Eighth; Joan of Arc; William the Conqueror; Cromwell; Nelson at Trafalgar; Wellington; Metternich;
        Kaiser Wilhelm; Franz Joseph; Kutuzov; Suvorov; Lincoln; George Washington; Ramses; Tutankhamun; Nefertiti;
        Hammurabi; Xerxes; Pericles; Spartacus; Augustus; Justinian; the Medici; the Borgias; the Romanovs; the
        Tudors; the Stuarts; the Ming dynasty; shoguns; mandarins; janissaries; legionaries; centurions; hoplites;
        druids; Huns; Goths; Vandals; Saxons; Normans; Celts; Scythians; Sumerians; Assyrians; Hittites; Carthage;
        Sparta; Pompeii; Nineveh; Byzantium; the Hanseatic League; the Holy Roman Empire; the Golden Horde; the
        Crusades; the Black Death; the Hundred Years' War; the Thirty Years' War; the Boxer Rebellion; the Paris
        Commune; the Weimar Republic; the Marshall Plan; glasnost; collectivisation; the Dreyfus affair; the Magna
        Carta; cuneiform; runes; scrolls; papyri; cave paintings; burial mounds; ziggurats; colosseums; moats;
        drawbridges; catapults; crossbows; halberds; chain mail; galleys; caravels; stagecoaches; gas lamps;
        crinolines; powdered wigs; serfs; vassals; feudal lords; heraldic shields"""),
    "humour": pieces("""knee-slappers; wordplay; spoofs; mock trials; farce; burlesque; stand-up routines; improv
        nights; double entendres; malapropisms; spoonerisms; silly walks; pratfalls; pie fights; squirting flowers;
        joke shops; stink bombs; fake moustaches; Groucho glasses; oversized shoes; red noses; puppets with squeaky
        voices; ventriloquists; jugglers in drag; harlequins; Punch and Judy; Mr Bean; Laurel and Hardy; Buster
        Keaton; the Marx Brothers; Monty Python; Donald Duck; Homer Simpson; comic strips; gag reels; outtakes;
        laugh tracks; howlers; bloopers; slips of the tongue; tall tales; fishing stories; whoppers; shaggy-dog
        stories; riddles; nursery nonsense; tongue-twisters; nicknames; wisecracks; deadpan faces; raised eyebrows;
        rolling eyes; winks; sniggers; chuckles; cackles; hysterics; guffaws; merriment; hilarity; jollity;
        silliness; absurdity; whimsy; buffoonery; shenanigans; capers; larks about town; hoaxes; bogus telegrams;
        water pistols; singing fish; dancing hamsters; cat videos; goats in hats; a llama in a necktie; monkey
        business; gorilla costumes; inflatable dinosaurs; fancy dress; mock awards; a golden raspberry;
        self-mockery; gallows humour; black comedy; cheeky postcards; rude garden gnomes; jocular toasts; a sense of
        humour; playful insults; gibberish"""),
    "food": pieces("""ravioli; tortellini; cannelloni; carbonara; bruschetta; minestrone; prosciutto; mozzarella;
        parmesan; brie; camembert; gouda; feta; tzatziki; moussaka; falafel; tabbouleh; shawarma; baklava; halva;
        pilaf; shashlik; khachapuri; pelmeni; blini; solyanka; okroshka; vinaigrette salad; pierogi; sauerkraut;
        bratwurst; pretzels; schnitzel; strudel; fondue; raclette; muesli; crêpes; éclairs; macaroons; profiteroles;
        bouillabaisse; cassoulet; foie gras; snails in butter; paella; gazpacho; tapas; chorizo; burritos;
        enchiladas; guacamole; nachos; ceviche; empanadas; hot dogs; coleslaw; pumpkin pie; peanut butter; maple
        syrup; bagels; muffins; scones; clotted cream; shortbread; fish and chips; shepherd's pie; haggis; porridge
        oats; marmite; chutney; samosas; naan; tandoori; biryani; tofu; tempura; miso; ramen; kimchi; spring rolls;
        dim sum; peking duck; satay; pho; papayas; mangoes; lychees; figs; dates; pomegranates; quinces; apricots;
        gooseberries; blackcurrants; rhubarb; artichokes; leeks; parsnips; courgettes; celery; fennel; dill; thyme;
        oregano; tarragon; cardamom; turmeric; anise; herrings; anchovies; sardines; cod; halibut; crayfish;
        scallops; mussels; venison; quail; rabbit stew; meatloaf; brisket; black pudding; lard; buckwheat; semolina;
        yeast; molasses; nougat; toffee; jelly; milkshakes; smoothies; vodka; brandy; mead"""),
    "travel": pieces("""Athens; Berlin; Budapest; Krakow; Dubrovnik; Santorini; Sicily; Seville; Porto; Edinburgh;
        Dublin; Amsterdam; Copenhagen; Stockholm; Bergen; Lapland; Riga's old town; Tallinn by ferry; Lviv by rail;
        Crimea's beaches; Sochi by sleeper; Lake Baikal; Vladivostok; Tashkent; Bukhara; Tehran; Jerusalem; Cairo;
        Luxor by boat; Tunis; Algiers; Dakar; Timbuktu; Kilimanjaro; Johannesburg; Mauritius; the Seychelles; Goa;
        Mumbai; Kathmandu; Bhutan; Tibet; Shanghai; Macau; Kyoto; Seoul; Hanoi; Phuket; Borneo; Java; Manila;
        Sydney; Auckland; Tahiti; Samoa; Easter Island; Hawaii; Alaska; Vancouver; San Francisco; Las Vegas; New
        Orleans; Florida; Mexico City; Cancún; Guatemala; Costa Rica; Jamaica; Barbados; Caracas; Bogotá; Quito; the
        Galápagos; Cusco; Santiago; Rio de Janeiro; Montevideo; Tierra del Fuego; Antarctica by ship; Greenland;
        Svalbard; Malta; Corsica; Sardinia; Ibiza; Madeira; the Azores; Gibraltar; Monaco; Lake Como; the Dolomites;
        the Black Forest; the Carpathians; the Caucasus; hitchhikers; stowaways; commuters abroad; expatriates;
        airfares; overbooking; check-in counters; baggage carousels; runways; turbulence; airsickness; duty-free
        shops; layovers; itineraries; phrasebooks; suntan lotion; sleeping bags; hammocks; campfires on the road;
        motorhomes; toll roads; roundabouts; ring roads; hairpin bends; border posts; consulates; embassies abroad;
        cruise liners; catamarans; hydrofoils; canoes; sledges; dog sleighs"""),
    "learning": pieces("""pedagogy; arithmetic; quadratic equations; prime numbers; Pythagoras; Euclid; statistics
        homework; integrals; vectors; matrices; probability theory; logic; rhetoric; ethics seminars; epistemology;
        metaphysics; hermeneutics; semantics; phonetics; etymology; orthography; punctuation; conjugations; adverbs;
        the subjunctive; Esperanto; Sanskrit; Hebrew lessons; Greek verbs; French dictations; German nouns; Spanish
        vocabulary; Japanese characters; sign language; shorthand; handwriting; penmanship; anthropology;
        archaeology courses; palaeontology; mineralogy; meteorology; oceanography; zoology; genetics; biochemistry;
        thermodynamics; mechanics; optics; relativity; test tubes; Bunsen burners; lab reports; dissections;
        Mendel's peas; Pavlov's dogs; Galileo; Kepler; Copernicus; Pasteur; Marie Curie; Mendeleev; Lomonosov; Kant;
        Hegel; Descartes; Spinoza; Montaigne; Erasmus; Montessori; Piaget; school uniforms; satchels; pencil cases;
        rulers; protractors; compasses and set squares; erasers; crayons; flash cards; crib sheets; report cards;
        detention; truancy; playtime; assemblies; parents' evenings; headmasters; dons; deans; rectors; tutors;
        coaches for beginners; governesses; bookworms; swots; dunces; dropouts; valedictorians; fellowships;
        bursaries; matriculation; viva voce exams; footnotes; bibliographies; plagiarism; peer review; citations;
        reading rooms; bookshelves; encyclopaedias; almanacs; primers; spelling bees; debating clubs; summer
        schools; distance courses; exchange students; internships; apprenticeships; workshops; tutorials; mnemonics;
        intelligence tests"""),
    "crime": pieces("""bootleggers; racketeers; loan-shark enforcers; mobsters; godfathers; henchmen; assassins;
        stranglers; kidnappers; hijackers; muggers; housebreakers; cat burglars; fences of stolen goods; forgers;
        swindlers; card sharps; embezzlers; tax fraud; insider dealing; bribery; kickbacks; slush funds;
        blackmailers; stalkers; trespassers; vandals; arsonists; saboteurs with dynamite; smugglers; gunrunners;
        drug barons; dealers; cocaine; heroin; opium dens; moonshine; counterfeit watches; contraband; ivory
        poachers; cattle rustlers; highwaymen; horse thieves; buccaneers; jailbreaks; chain gangs; death row; the
        gallows; the electric chair; parole; bail; remand; indictments; subpoenas; plea bargains; acquittals;
        mistrials; cross-examination; juries; public prosecutors; barristers; bailiffs of the court; sheriffs;
        marshals; constables; bloodhounds; sniffer dogs; wiretaps; stake-outs; informers; double agents; moles; lie
        detectors; mug shots; identity parades; ballistics; autopsies; coroners; pathologists; chalk outlines;
        bloodstains; murder weapons; ice picks; garrottes; switchblades; knuckledusters; balaclavas; crowbars;
        skeleton keys; safe-blowers; bank robberies; train robberies; art theft; car theft; shoplifting; purse
        snatching; identity theft; phishing; ransom demands; hostage-taking; abductions; poisonings; drive-by
        shootings; contract killings; cold cases; whodunits; Scotland Yard; the FBI; Alcatraz; Hercule Poirot; Miss
        Marple; Bonnie and Clyde; Billy the Kid; Dillinger; crooks; felons; convicts; inmates; accomplices;
        eyewitnesses to a murder"""),
}
